"""Tests of requests that are sent more than once."""

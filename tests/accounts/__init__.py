"""Handles, profiles and sanctions."""

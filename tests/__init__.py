"""Tests mirror `app/`; whole stories over HTTP stand in `journeys/`, promises about the code in `architecture/`."""

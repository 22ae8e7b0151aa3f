"""The demo forum over real HTTP."""

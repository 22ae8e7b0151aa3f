"""The command line, as a real process."""

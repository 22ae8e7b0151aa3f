"""Events, their delivery, and where they may go."""

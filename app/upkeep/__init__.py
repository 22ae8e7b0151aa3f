"""What keeps an installation in order: its schema, the keys that its database depends on, and how its jobs go."""

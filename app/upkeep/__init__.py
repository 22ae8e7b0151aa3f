"""What keeps an installation in order: its schema, and the keys that its database depends on."""

"""The way of a person from the forum's link to a verified account: a state machine without pages."""

"""Boards, the moderators on record for them, and the clock that keeps moderators verified."""

"""What can go wrong in the vault."""


class PersonUnknown(Exception):
    """There is no such person, or they were erased."""


class HeldPhoneGone(Exception):
    """The phone that waited for its code is no longer held: the code was used or has expired."""


class ReadingNotOnRecord(Exception):
    """No published entry says that this person is read by whoever asks."""

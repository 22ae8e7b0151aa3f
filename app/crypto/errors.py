"""What can go wrong with keys and ciphertexts."""


class SealBroken(Exception):
    """A sealed value does not belong where it was found, was changed, or its key is not here."""


class TokenRefused(Exception):
    """A token that is not ours, not well formed, not yet or no longer valid; `reason` says which."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

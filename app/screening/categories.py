"""What a category of the operator asks of the search, by its name."""

from app.screening.domain import Category

_SOUNDED = frozenset(
    {
        "advertising",
        "ads",
        "contact",
        "counterfeit",
        "drugs",
        "fraud",
        "gambling",
        "illegal_goods",
        "loans",
        "porn",
        "pornography",
        "scam",
        "spam",
        "weapons",
    }
)
"""Trades whose advertisers write by sound. In names of offices, persons and places a like sound is an accident."""


def is_sounded(category: Category) -> bool:
    """Whether its terms are recognised by their sound, too; such hits are reviewed and never blocked."""
    return category in _SOUNDED

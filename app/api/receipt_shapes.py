"""The shape of a receipt: what shows that an act was on record before it was done."""

from pydantic import Field

from app.api.shapes import Answer
from app.audit.proofs import Receipt, in_base64


class ReceiptShown(Answer):
    """With the log's key this is all that it takes to see that the entry is in the log."""

    entry: str = Field(description="Canonical JSON, byte for byte.")
    index: int
    proof: list[str]
    checkpoint: str = Field(description="A signed note, to whose root the proof leads.")

    @classmethod
    def of(cls, receipt: Receipt) -> "ReceiptShown":
        return cls(
            entry=receipt.entry, index=receipt.index, proof=in_base64(receipt.proof), checkpoint=receipt.checkpoint
        )

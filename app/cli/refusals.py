"""How commands say why something was refused."""

from app.kernel.errors import Invalid, ShimingError


def sentence_of(refusal: ShimingError) -> str:
    """What is wrong, field by field where fields are; never what stands in them."""
    if isinstance(refusal, Invalid) and refusal.fields:
        return " ".join(f"{fault.pointer}: {fault.detail.en}" for fault in refusal.fields)
    return refusal.detail.en

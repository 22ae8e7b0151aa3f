"""What can go wrong with agreements."""

from app.kernel.errors import Conflict, Invalid, NotFound
from app.kernel.sentence import Sentence


class NoAgreementInForce(NotFound):
    sentence = Sentence("现在没有生效的这类协议。", "No agreement of this kind is in force.")


class UnknownAgreementVersion(Invalid):
    """A version that was never published, or is in force no more."""


class ClausesMissing(Conflict):
    sentence = Sentence("协议缺少第六条要求的条款。", "The agreement lacks clauses that Art. 6 requires.")

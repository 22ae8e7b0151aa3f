"""What a person reads who was acted on: what to bring to an appeal against it, and how it is heard. Source: N15."""

from app.kernel.sentence import Sentence
from app.reporting.domain import AgainstKind

BRING: dict[AgainstKind, Sentence] = {
    AgainstKind.SUSPENSION: Sentence(
        "写明哪一次处理、为什么不对；有截图或链接请附上。",
        "Say which measure it is and why it is wrong; add links or texts.",
    ),
    AgainstKind.BAN: Sentence(
        "写明为什么不该封禁；有截图或链接请附上。", "Say why you should not be banned; add links or texts."
    ),
    AgainstKind.REFUSED_VERIFICATION: Sentence(
        "写明用了哪种方式、何时没有通过；不要写证件号码。申诉成立后可以重新核验。",
        "Say which way you used and when it was refused; leave the number of your document out. If you are right, you"
        " can verify again.",
    ),
    AgainstKind.SCREENING_DECISION: Sentence(
        "写明哪段文字、本来的意思是什么。", "Say which text it is and what it was meant to say."
    ),
    AgainstKind.MODERATOR_SANCTION: Sentence(
        "写明哪个版块、哪一次处理、为什么不对；有记录请附上。",
        "Say which board and which measure it is and why it is wrong; add what shows it.",
    ),
    AgainstKind.COMPLAINT_OUTCOME: Sentence(
        "写明结果哪里不对；有新的材料请附上。", "Say what is wrong with the outcome; add what is new."
    ),
}
HEARD = Sentence(
    "由没有参与原决定的另一个人复查，{days} 个工作日内答复；成立的，恢复到处理之前的样子。",
    "Another person, who had no part in the decision, looks at it again and answers within {days} working days; where"
    " you are right, everything is as it was before.",
)

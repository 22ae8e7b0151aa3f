"""Every check of the overview: what it asks, the duty behind it, and where it is seen to. A new one is a row here.

What nobody has measured counts as failing.
"""

from collections.abc import Callable
from dataclasses import dataclass

from app.compliance import judges
from app.compliance.domain import Checked, CheckState, Figures
from app.kernel.sentence import Sentence

_JUST_NOW = Sentence("刚刚", "just now")
_UNDER_ONE = Sentence("不到 1", "under 1")


@dataclass(frozen=True, slots=True)
class Check:
    """`well`, `unwell` and `unknown` are said of the states; the figures fill what stands in braces."""

    id: str
    duty: str
    link: str
    judge: Callable[[Figures], judges.Found]
    well: Sentence
    unwell: Sentence
    unknown: Sentence
    idle: Sentence | None = None
    """Where all is well since nothing waits."""

    def on(self, figures: Figures) -> Checked:
        state, numbers = self.judge(figures)
        said = {CheckState.OK: self.well, CheckState.FAILING: self.unwell, CheckState.NO_DATA: self.unknown}[state]
        if state is CheckState.OK and self.idle is not None and 0 in {numbers.get("open"), numbers.get("waiting")}:
            said = self.idle
        values: dict[str, str | Sentence] = {name: str(number) for name, number in numbers.items()}
        if numbers.get("hours") == 0:
            values["hours"] = _UNDER_ONE
        filled = said.with_values(**values, ago=_ago(numbers.get("hours", 0)))
        return Checked(self.id, self.duty, state, filled, numbers, self.link)


def _ago(hours: int) -> Sentence:
    return Sentence(f"{hours} 小时前", f"{hours} {'hour' if hours == 1 else 'hours'} ago") if hours else _JUST_NOW


def check_all(figures: Figures) -> tuple[Checked, ...]:
    """Those that fail first, in the order of the table."""
    found = [check.on(figures) for check in CHECKS]
    return tuple(sorted(found, key=lambda one: _ORDER.index(one.state)))


_ORDER = (CheckState.FAILING, CheckState.NO_DATA, CheckState.OK)


_UNKNOWN_YET = Sentence("还没有数据，视为未达标。", "There is no data yet, which counts as failing.")

CHECKS = (
    Check(
        "posters-verified",
        "L8e",
        "/console/accounts?show=verified",
        judges.posters,
        Sentence("能发布的 {may_post} 个账号全部验证过真实身份。", "Accounts that may post: {may_post}, all verified."),
        Sentence(
            "能发布的 {may_post} 个账号中有 {unverified} 个没有验证真实身份：这是缺陷，请暂停发布并报告。",
            "May post and are not verified: {unverified} of {may_post} accounts. A defect: pause posting, report it.",
        ),
        Sentence("没有能发布的账号，无从判断。", "No account may post, so nothing can be said."),
    ),
    Check(
        "moderators-overdue",
        "L8d",
        "/console/moderators?state=late",
        judges.overdue,
        Sentence("{in_office} 项备案没有一项到期未核验。", "Filings past their date: none of {in_office}."),
        Sentence(
            "{overdue} 项备案逾期，在宽限内；{stopped} 项到期未核验，权限已停。",
            "Filings overdue, in grace: {overdue}; powers off until the re-verification: {stopped}.",
        ),
        Sentence("没有在任版主。", "No moderator is in office."),
    ),
    Check(
        "lists-reconciled",
        "L8c",
        "/console/boards",
        judges.lists,
        Sentence(
            "{boards} 个版块的版主名单与备案一致。", "Lists of moderators that agree with the filings: all of {boards}."
        ),
        Sentence(
            "{unfiled} 个版块有未备案的管理者，{late} 个版块的名单没有按时核对。",
            "Boards where somebody has powers and no filing: {unfiled}; boards whose list was not compared in time:"
            " {late}.",
        ),
        Sentence(
            "没有论坛送来版主名单核对（{boards} 个版块）。",
            "No forum has sent its lists of moderators for comparison (boards: {boards}).",
        ),
    ),
    Check(
        "agreements-in-force",
        "L6",
        "/console/agreements",
        judges.agreements,
        Sentence("用户协议和版主协议都在生效。", "The user and the moderator agreement are both in force."),
        Sentence("{kinds} 种协议中只有 {in_force} 种在生效。", "Agreements in force: only {in_force} of {kinds}."),
        _UNKNOWN_YET,
    ),
    Check(
        "reviews-in-time",
        "L5b",
        "/console/reviews",
        judges.reviews,
        Sentence(
            "待审 {open} 件，最久 {hours} 小时，限 {limit_hours} 小时。",
            "Texts that wait for review: {open}, the oldest for {hours} h; the limit is {limit_hours} h.",
        ),
        Sentence(
            "待审 {open} 件，最久已等 {hours} 小时，超过 {limit_hours} 小时。",
            "Texts that wait for review: {open}, the oldest for {hours} h; the limit of {limit_hours} h has passed.",
        ),
        _UNKNOWN_YET,
        Sentence("没有待审的内容。", "No text waits for review."),
    ),
    Check(
        "complaints-in-time",
        "L11d",
        "/console/complaints?late=1",
        judges.complaints,
        Sentence("投诉申诉未结 {open} 件，没有超时。", "{open} complaints and appeals are open, none late."),
        Sentence("投诉申诉未结 {open} 件，{late} 件已超时。", "Of {open} open complaints and appeals {late} are late."),
        _UNKNOWN_YET,
    ),
    Check(
        "violations-stopped",
        "L7b",
        "/console/violations?state=recorded",
        judges.stopped,
        Sentence(
            "未停止传播的违规 {waiting} 件，最久 {hours} 小时，限 {limit_hours} 小时。",
            "{waiting} violations can still be read, the oldest found {hours} h ago; the limit is {limit_hours} h.",
        ),
        Sentence(
            "未停止传播的违规 {waiting} 件，最久已 {hours} 小时，超过 {limit_hours} 小时。",
            "{waiting} violations can still be read, the oldest found {hours} h ago: more than {limit_hours} h.",
        ),
        _UNKNOWN_YET,
        Sentence("没有未停止传播的违规。", "No violation can still be read."),
    ),
    Check(
        "authorities-told",
        "L7e",
        "/console/violations?state=unreported",
        judges.told,
        Sentence(
            "待上报：公安机关 {police} 件，网信部门 {cac} 件，没有逾期。",
            "To be reported: {police} to the police, {cac} to the cyberspace administration; none late.",
        ),
        Sentence(
            "待上报：公安机关 {police} 件，逾期 {police_late} 件；网信部门 {cac} 件，逾期 {cac_late} 件。",
            "To be reported: {police} to the police, {police_late} late; {cac} to the cyberspace administration,"
            " {cac_late} late.",
        ),
        _UNKNOWN_YET,
    ),
    Check(
        "authorities-reachable",
        "L3",
        "/console/organisation",
        judges.reachable,
        Sentence(
            "名录里有可报的公安机关和网信部门。",
            "The directory has police and a cyberspace administration to report to.",
        ),
        Sentence(
            "公安机关和网信部门中有 {missing} 类在名录里没有在用的，无法上报：补上。",
            "For {missing} of police and cyberspace administration the directory has no entry in use: add it.",
        ),
        _UNKNOWN_YET,
    ),
    Check(
        "holidays-known",
        "L11d",
        "/console/complaints",
        judges.calendar,
        Sentence("节假日安排已知到 {year} 年底。", "Holidays are known until the end of {year}."),
        Sentence(
            "节假日安排只知到 {year} 年底，还有 {days} 天；之后按周一到周五算：更新 chinesecalendar。",
            "Holidays are known until the end of {year} only, {days} days ahead; later days count by weekday: renew"
            " chinesecalendar.",
        ),
        _UNKNOWN_YET,
    ),
    Check(
        "patrol-in-time",
        "L5c",
        "/console/lexicons",
        judges.patrol,
        Sentence(
            "词库发布后的巡查正常，已读 {read} 条。",
            "The patrol after the last publication is well; texts read: {read}.",
        ),
        Sentence(
            "巡查落后 {hours} 小时，或命中过多已停止送审：检查词库。",
            "The patrol is {hours} h behind, or has found so much that it stopped: look at the lexicon.",
        ),
        Sentence("没有发布过词库，没有巡查。", "No lexicon was ever published, so nothing is patrolled."),
    ),
    Check(
        "log-numbered",
        "L8i",
        "/console/audit",
        judges.numbered,
        Sentence("审计日志 {entries} 条，编号无延误。", "Entries of the audit log: {entries}, numbered in time."),
        Sentence(
            "有条目 {seconds} 秒没有编号：检查审计密钥和磁盘。",
            "An entry has waited {seconds} s for its number: look at the audit key and the disk.",
        ),
        Sentence("审计日志还没有编号的条目。", "No entry of the audit log has a number yet."),
    ),
    Check(
        "log-anchored",
        "L8i",
        "/console/audit",
        judges.anchored,
        Sentence("{anchors} 处外部锚点都是新的。", "Anchors outside the database: {anchors}, all fresh."),
        Sentence(
            "{anchors} 处外部锚点中只有 {well} 处正常。",
            "Anchors outside the database that are well: only {well} of {anchors}.",
        ),
        Sentence("没有设置外部锚点。", "No anchor outside the database is set up."),
    ),
    Check(
        "log-verified",
        "L8i",
        "/console/audit",
        judges.log_verified,
        Sentence(
            "{ago}校验过审计日志，{entries} 条无缺口。", "The audit log was verified {ago}: no gap, entries: {entries}."
        ),
        Sentence(
            "审计日志的校验有 {findings} 处问题，或已过去 {hours} 小时。",
            "The last verification of the audit log is {hours} h old; its findings: {findings}.",
        ),
        Sentence("审计日志还没有校验过。", "The audit log has not been verified yet."),
    ),
    Check(
        "jobs-running",
        "L8d",
        "/console/work",
        judges.jobs,
        Sentence("{jobs} 项后台任务都正常。", "Background jobs: {jobs}, all well."),
        Sentence(
            "{jobs} 项后台任务中 {failing} 项失败、{late} 项延误。",
            "Background jobs that fail: {failing}, that are late: {late}, of {jobs}.",
        ),
        Sentence("后台任务从未运行：启动 worker。", "No background job has ever run: start the worker."),
    ),
    Check(
        "disclosure-staffed",
        "L5h",
        "/console/members",
        judges.disclosers,
        Sentence(
            "{requesters} 人可申请披露，{approvers} 人可批准，人手足够。",
            "Members who may ask for a disclosure: {requesters}, who may approve: {approvers}. That is enough.",
        ),
        Sentence(
            "{requesters} 人可申请披露，{approvers} 人可批准：人手不够，无法披露；隐私专员任满 24 小时后计入。",
            "Members who may ask for a disclosure: {requesters}, who may approve: {approvers}. Too few, so nothing"
            " can be disclosed: appoint members with the role privacy; they count after 24 hours.",
        ),
        _UNKNOWN_YET,
    ),
    Check(
        "switch-staffed",
        "L5d",
        "/console/members",
        judges.lifters,
        Sentence("{members} 人可操作应急开关。", "Members who may use the emergency switch: {members}."),
        Sentence(
            "只有 {members} 人可操作应急开关：暂停后要由另一人恢复，请任命两名合规（compliance）成员。",
            "Members who may use the emergency switch: {members}. A pause is lifted by another person: appoint two with"
            " the role compliance.",
        ),
        _UNKNOWN_YET,
    ),
    Check(
        "drill-held",
        "L5d",
        "/console/switch#drills",
        judges.drilled,
        Sentence("应急演练在 {days} 天前做过。", "Days since an emergency was rehearsed: {days}."),
        Sentence(
            "上次应急演练已过去 {days} 天，超过 {limit_days} 天：再演练一次并记录。",
            "Days since an emergency was rehearsed: {days}, more than {limit_days}. Hold a rehearsal and record it.",
        ),
        Sentence("还没有记录过应急演练：演练一次并记录。", "No rehearsal of an emergency is on record: hold one."),
    ),
    Check(
        "officers-appointed",
        "L5a",
        "/console/organisation/officers",
        judges.officers,
        Sentence("每项职责都有负责人和副手。", "Every duty has a principal and a deputy."),
        Sentence(
            "还有 {vacancies} 个负责人或副手的位置空着。", "Vacant posts of principals and deputies: {vacancies}."
        ),
        _UNKNOWN_YET,
    ),
    Check(
        "authorities-reviewed",
        "L3",
        "/console/organisation",
        judges.authorities,
        Sentence(
            "主管部门名录 {authorities} 条，都复核过。",
            "Entries of the directory of authorities: {authorities}, all reviewed.",
        ),
        Sentence(
            "主管部门名录缺 {missing} 类，{to_review} 条该复核了。",
            "Kinds of authorities that the directory lacks: {missing}; entries due for review: {to_review}.",
        ),
        Sentence("主管部门名录是空的。", "The directory of authorities is empty."),
    ),
    Check(
        "forums-filed",
        "L2b",
        "/console/organisation",
        judges.filings,
        Sentence(
            "{forums} 个论坛的备案登记都复核过。", "Forums whose filing is recorded and reviewed: all of {forums}."
        ),
        Sentence(
            "{forums} 个论坛中 {to_review} 个没有登记备案，或该复核了。",
            "Forums whose filing is not on record, or due for review: {to_review} of {forums}.",
        ),
        Sentence("还没有接入论坛。", "No forum is connected yet."),
    ),
    Check(
        "webhooks-delivered",
        "design",
        "/console/work",
        judges.deliveries,
        Sentence("推送待发 {waiting} 件，没有延误。", "Webhook deliveries that wait: {waiting}, none for long."),
        Sentence(
            "推送待发 {waiting} 件，最久 {minutes} 分钟；{endpoints_failing} 个接收地址不正常。",
            "Webhook deliveries that wait: {waiting}, the oldest for {minutes} min; endpoints that fail:"
            " {endpoints_failing}.",
        ),
        _UNKNOWN_YET,
    ),
)

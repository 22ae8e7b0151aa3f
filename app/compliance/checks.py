"""Every check of the overview: what it asks, the duty behind it, and where it is seen to. A new one is a row here.

What nobody has measured counts as failing.
"""

from collections.abc import Callable
from dataclasses import dataclass

from app.compliance import judges
from app.compliance.domain import Checked, CheckState, Figures
from app.kernel.sentence import Sentence

_JUST_NOW = Sentence("刚刚", "just now")


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

    def on(self, figures: Figures) -> Checked:
        state, numbers = self.judge(figures)
        said = {CheckState.OK: self.well, CheckState.FAILING: self.unwell, CheckState.NO_DATA: self.unknown}[state]
        values: dict[str, str | Sentence] = {name: str(number) for name, number in numbers.items()}
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
        Sentence(
            "能发布的 {may_post} 个账号全部验证过真实身份。", "All {may_post} accounts that may post are verified."
        ),
        Sentence(
            "能发布的 {may_post} 个账号中有 {unverified} 个没有验证真实身份：这是缺陷，请暂停发布并报告。",
            "{unverified} of {may_post} accounts that may post are not verified: a defect; pause posting, report it.",
        ),
        Sentence("没有能发布的账号，无从判断。", "No account may post, so nothing can be said."),
    ),
    Check(
        "moderators-overdue",
        "L8d",
        "/console/moderators?state=late",
        judges.overdue,
        Sentence("{in_office} 项备案没有一项到期未核验。", "None of {in_office} filings is past its date."),
        Sentence(
            "{overdue} 项备案逾期，在宽限内；{stopped} 项到期未核验，权限已停。",
            "{overdue} filings are overdue, in grace; of {stopped} the powers are off until they re-verify.",
        ),
        Sentence("没有在任版主。", "No moderator is in office."),
    ),
    Check(
        "lists-reconciled",
        "L8c",
        "/console/boards",
        judges.lists,
        Sentence("{boards} 个版块的版主名单与备案一致。", "The lists of {boards} boards agree with the filings."),
        Sentence(
            "{unfiled} 个版块有未备案的管理者，{late} 个版块的名单没有按时核对。",
            "{unfiled} boards have somebody with powers and no filing; the lists of {late} boards were not compared in"
            " time.",
        ),
        Sentence(
            "没有论坛送来版主名单核对（{boards} 个版块）。",
            "No forum has sent its lists of moderators for comparison ({boards} boards).",
        ),
    ),
    Check(
        "agreements-in-force",
        "L6",
        "/console/agreements",
        judges.agreements,
        Sentence("用户协议和版主协议都在生效。", "The user and the moderator agreement are both in force."),
        Sentence("{kinds} 种协议中只有 {in_force} 种在生效。", "Only {in_force} of {kinds} agreements are in force."),
        _UNKNOWN_YET,
    ),
    Check(
        "reviews-in-time",
        "L5b",
        "/console/reviews",
        judges.reviews,
        Sentence(
            "待审 {open} 件，最久 {hours} 小时，限 {limit_hours} 小时。",
            "{open} texts wait for review, the oldest {hours} hours; the limit is {limit_hours}.",
        ),
        Sentence(
            "待审 {open} 件，最久已等 {hours} 小时，超过 {limit_hours} 小时。",
            "{open} texts wait for review, the oldest {hours} hours; the limit of {limit_hours} has passed.",
        ),
        _UNKNOWN_YET,
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
            "{waiting} violations can still be read, the oldest found {hours} hours ago; the limit is {limit_hours}.",
        ),
        Sentence(
            "未停止传播的违规 {waiting} 件，最久已 {hours} 小时，超过 {limit_hours} 小时。",
            "{waiting} violations can still be read, the oldest found {hours} hours ago: more than {limit_hours}.",
        ),
        _UNKNOWN_YET,
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
            "词库发布后的巡查正常，已读 {read} 条。", "The patrol after the last publication is well; {read} read."
        ),
        Sentence(
            "巡查落后 {hours} 小时，或命中过多已停止送审：检查词库。",
            "The patrol is {hours} hours behind, or has found so much that it stopped: look at the lexicon.",
        ),
        Sentence("没有发布过词库，没有巡查。", "No lexicon was ever published, so nothing is patrolled."),
    ),
    Check(
        "log-numbered",
        "L8i",
        "/console/audit",
        judges.numbered,
        Sentence("审计日志 {entries} 条，编号无延误。", "{entries} entries of the audit log, numbered in time."),
        Sentence(
            "有条目 {seconds} 秒没有编号：检查审计密钥和磁盘。",
            "An entry has waited {seconds} seconds for its number: look at the audit key and the disk.",
        ),
        Sentence("审计日志还没有编号的条目。", "No entry of the audit log has a number yet."),
    ),
    Check(
        "log-anchored",
        "L8i",
        "/console/audit",
        judges.anchored,
        Sentence("{anchors} 处外部锚点都是新的。", "All {anchors} anchors are fresh."),
        Sentence("{anchors} 处外部锚点中只有 {well} 处正常。", "Only {well} of {anchors} anchors are well."),
        Sentence("没有设置外部锚点。", "No anchor outside the database is set up."),
    ),
    Check(
        "log-verified",
        "L8i",
        "/console/audit",
        judges.log_verified,
        Sentence(
            "{ago}校验过审计日志，{entries} 条无缺口。", "The audit log was verified {ago}: {entries} entries, no gap."
        ),
        Sentence(
            "审计日志的校验有 {findings} 处问题，或已过去 {hours} 小时。",
            "The verification of the audit log has {findings} findings, or is {hours} hours old.",
        ),
        Sentence("审计日志还没有校验过。", "The audit log has not been verified yet."),
    ),
    Check(
        "jobs-running",
        "L8d",
        "/console/work",
        judges.jobs,
        Sentence("{jobs} 项后台任务都正常。", "All {jobs} background jobs are well."),
        Sentence(
            "{jobs} 项后台任务中 {failing} 项失败、{late} 项延误。",
            "Of {jobs} background jobs {failing} fail and {late} are late.",
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
            "{requesters} members may ask for a disclosure and {approvers} may approve: enough.",
        ),
        Sentence(
            "{requesters} 人可申请披露，{approvers} 人可批准：人手不够，无法披露；隐私专员任满 24 小时后计入。",
            "{requesters} members may ask for a disclosure and {approvers} may approve: too few, so nothing can be"
            " disclosed. Appoint members with the role privacy; they count after 24 hours.",
        ),
        _UNKNOWN_YET,
    ),
    Check(
        "switch-staffed",
        "L5d",
        "/console/members",
        judges.lifters,
        Sentence("{members} 人可操作应急开关。", "{members} members may use the emergency switch."),
        Sentence(
            "只有 {members} 人可操作应急开关：暂停后要由另一人恢复，请任命两名合规（compliance）成员。",
            "Only {members} may use the emergency switch, and another person lifts a pause: appoint two members with"
            " the role compliance.",
        ),
        _UNKNOWN_YET,
    ),
    Check(
        "drill-held",
        "L5d",
        "/console/switch#drills",
        judges.drilled,
        Sentence("应急演练在 {days} 天前做过。", "An emergency was rehearsed {days} days ago."),
        Sentence(
            "上次应急演练已过去 {days} 天，超过 {limit_days} 天：再演练一次并记录。",
            "The last rehearsal of an emergency was {days} days ago, more than {limit_days}: hold one and record it.",
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
            "还有 {vacancies} 个负责人或副手的位置空着。", "{vacancies} posts of principals and deputies are vacant."
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
            "The directory of authorities has {authorities} entries, all reviewed.",
        ),
        Sentence(
            "主管部门名录缺 {missing} 类，{to_review} 条该复核了。",
            "The directory of authorities lacks {missing} kinds, and {to_review} entries are due for review.",
        ),
        Sentence("主管部门名录是空的。", "The directory of authorities is empty."),
    ),
    Check(
        "forums-filed",
        "L2b",
        "/console/organisation",
        judges.filings,
        Sentence(
            "{forums} 个论坛的备案登记都复核过。", "The filings of all {forums} forums are recorded and reviewed."
        ),
        Sentence(
            "{forums} 个论坛中 {to_review} 个没有登记备案，或该复核了。",
            "Of {forums} forums {to_review} have no filing on record, or it is due for review.",
        ),
        Sentence("还没有接入论坛。", "No forum is connected yet."),
    ),
    Check(
        "webhooks-delivered",
        "design",
        "/console/work",
        judges.deliveries,
        Sentence("推送待发 {waiting} 件，没有延误。", "{waiting} webhook deliveries wait, none for long."),
        Sentence(
            "推送待发 {waiting} 件，最久 {minutes} 分钟；{endpoints_failing} 个接收地址不正常。",
            "{waiting} webhook deliveries wait, the oldest {minutes} minutes; {endpoints_failing} endpoints fail.",
        ),
        _UNKNOWN_YET,
    ),
)

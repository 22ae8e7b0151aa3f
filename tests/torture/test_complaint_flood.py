"""A thousand complaints a minute from many addresses: what they take is bounded, and a person beside them is heard.

Complaints are as large as they may be. What whoever trusts no proxy lets a caller say of their address is nothing.
"""

import resource
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from statistics import median

import httpx2
from sqlalchemy import func, select

from app import policies
from app.all_models import METADATA
from app.kernel.actor import OPERATOR
from app.wiring import Services
from tests.reporting.complaining import Anybody, ok
from tests.support.forum import NO_CERTIFICATES
from tests.support.serving import serving
from tests.torture.form import Form

_LIMIT = policies.RATES[policies.RouteClass.COMPLAINTS].value
_A_MINUTE = 1000
_MOST_ROWS = 2
"""In any other table, for each that is filed: its entry in the log, its event, and those of what is said later."""


def test_a_flood_from_many_addresses_locks_nobody_out(services: Services, form: Form) -> None:
    forum_id = services.forums.add(OPERATOR, "测试论坛").forum_id
    size, before = form.size(short=60, long=5 * _A_MINUTE), _rows(services)
    statuses, waited, hosts = Counter[int](), list[float](), count()
    over = threading.Event()
    with serving(services, proxies="127.0.0.1") as address:

        def flood(number: int) -> None:
            if form.long:
                time.sleep(max(0.0, began + number * 60 / _A_MINUTE - time.perf_counter()))
            with _come(address, f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}") as http:
                statuses[Anybody(http, forum_id).files(**_whole(number)).status_code] += 1

        def comes_and_follows() -> int:
            """Each time from an address that nobody has seen."""
            served = 0
            while not (over.is_set() and served):
                with _come(address, f"2001:db8:{next(hosts):x}::1") as http:
                    person, asked = Anybody(http, forum_id), time.perf_counter()
                    code = person.code()
                    ok(person.says(code, "还有一句。"))
                    assert person.status(code) == "received"
                    waited.append(time.perf_counter() - asked)
                served += 1
                time.sleep(1 if form.long else 0)
            return served

        memory, began = _memory(), time.perf_counter()
        with ThreadPoolExecutor(9) as pool:
            person = pool.submit(comes_and_follows)
            for done in [pool.submit(flood, number) for number in range(size)]:
                done.result()
            over.set()
            served = person.result()
        seconds = time.perf_counter() - began
        grown = _memory() - memory
    assert statuses == {201: size}
    after = _rows(services)
    growth = {table: rows - before[table] for table, rows in after.items() if rows != before[table]}
    assert growth["cases"] == size + served
    assert growth.pop("case_messages") == served
    assert all(rows <= _MOST_ROWS * (size + served) for rows in growth.values()), growth
    form.tell(
        f"a flood of complaints, {services.engine.name}",
        f"{size} as large as may be, each from another address, in {seconds:.0f} s: all taken; {served} from fresh"
        f" addresses filed, wrote and read meanwhile, median {median(waited):.2f} s, slowest {max(waited):.2f} s; rows"
        f" {growth}; {_bytes(services) // size} bytes for each, memory of the process {grown / 1024:+.0f} MB",
    )


def _come(address: str, whence: str) -> httpx2.Client:
    headers = {"x-forwarded-for": whence}
    return httpx2.Client(base_url=address, headers=headers, timeout=60, verify=NO_CERTIFICATES)


def test_an_address_that_a_caller_says_itself_does_not_count_where_no_proxy_is_trusted(services: Services) -> None:
    forum_id = services.forums.add(OPERATOR, "测试论坛").forum_id
    with serving(services) as address:

        def file(number: int) -> tuple[int, str | None]:
            with _come(address, f"10.0.0.{number}") as http:
                answer = Anybody(http, forum_id).files()
                return answer.status_code, answer.headers.get("retry-after")

        with ThreadPoolExecutor(4) as pool:
            heard = list(pool.map(file, range(_LIMIT + 5)))
    refused = [retry_after for status, retry_after in heard if status == httpx2.codes.TOO_MANY_REQUESTS]
    assert len(refused) >= 1
    assert {status for status, _ in heard} == {201, 429}
    assert all(retry_after is not None and 0 < int(retry_after) <= 60 for retry_after in refused)


def _whole(number: int) -> dict[str, object]:
    """As large as one may be, in characters of four bytes."""
    return {
        "target": {"kind": "other", "ref": f"{number}"},
        "description": "𠮷" * policies.COMPLAINT_LONGEST.value,
        "evidence": ["𠮷" * 400] * policies.COMPLAINT_EVIDENCE.value,
        "contact": {"phone": "14000000001", "email": "wo@example.org"},
    }


def _rows(services: Services) -> Counter[str]:
    with services.unit_of_work.read() as tx:
        return Counter(
            {
                table.name: tx.session.scalar(select(func.count()).select_from(table)) or 0
                for table in METADATA.tables.values()
            }
        )


def _bytes(services: Services) -> int:
    """Of what is sealed in all cases."""
    sealed = [column for column in METADATA.tables["cases"].c if column.name.startswith("sealed_")]
    with services.unit_of_work.read() as tx:
        sums = tx.session.execute(select(*(func.sum(func.length(column)) for column in sealed))).one()
    return sum(one or 0 for one in sums)


def _memory() -> int:
    """The most that this process has held, in KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

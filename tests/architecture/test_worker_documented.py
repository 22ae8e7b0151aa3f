"""The page about the worker against its timetable: each job with its numbers and lane, and a word on what it does."""

import re
from pathlib import Path

from app.jobs.timetable import TIMETABLE

_PAGE = Path(__file__).parents[2] / "docs" / "worker.md"
_ROW = re.compile(r"^\| `([\w-]+)` \| ([\d.]+) \| ([\d.]+) \| (\w+) \| (.+) \|$", re.MULTILINE)


def test_the_page_names_every_job_as_the_timetable_does_and_says_what_it_is_for() -> None:
    rows = _ROW.findall(_PAGE.read_text(encoding="utf-8"))
    assert [(name, float(every), float(limit), lane) for name, every, limit, lane, _ in rows] == [
        (job.name, job.every, job.limit, job.lane) for job in TIMETABLE
    ]
    assert all(len(said) > 20 for *_, said in rows)

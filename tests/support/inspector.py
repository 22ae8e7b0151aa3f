"""An inspector who believes nobody: the service's verification and `tools/verify_audit.py` must say the same."""

import importlib.util
from collections import Counter
from collections.abc import Callable
from itertools import count
from pathlib import Path
from types import ModuleType

from app.audit.evidence import Trust
from app.audit.findings import Report
from app.audit.inspection import Evidence, open_inspection
from app.crypto.keyring import Keyring
from app.wiring import Services

TOOL = Path(__file__).parents[2] / "tools" / "verify_audit.py"
Told = tuple[str, str, int | None, int | None]


def _load_tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("verify_audit", TOOL)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_tool = _load_tool()
verify_export: Callable[..., tuple[list[Told], list[str]]] = _tool.verify
searched_by: Callable[[bytes], list[str] | None] = _tool.searched_by
opened: Callable[[str, list[bytes]], tuple[int, bytes, int] | None] = _tool.opened
_folders = count()


def inspect_both_ways(services: Services, evidence: Evidence, keys: list[bytes], folder: Path) -> Report:
    """What the service says, where the tool says the same of what is exported into a folder of this one."""
    inspection = open_inspection(services.unit_of_work, Keyring([]), evidence, Trust(keys))
    report = inspection.verify()
    exported = folder / f"export-{next(_folders)}"
    inspection.export.write(exported, inspection.trust)
    wrong, doubts = verify_export(exported)
    assert Counter(wrong) == Counter((one.kind.value, one.origin, one.number, one.through) for one in report.tampering)
    assert bool(doubts) == bool(report.unverified), (doubts, report.unverified)
    return report

"""Changes one thing at a time in the inner rooms: every change must fail a test or be excused in `docs/mutation.md`.

`python -m bench.mutation` goes on where it was broken off; delete `mutants/` to begin anew. Ends with 1 for a change
that nothing notices and nothing excuses, and says it in the form in which the page would excuse it.
"""

import ast
import json
import re
import subprocess
import sys
from collections import Counter
from difflib import ndiff
from functools import cache
from pathlib import Path

_ROOT = Path(__file__).parents[1]
_COPY = _ROOT / "mutants"
_EXCUSES = _ROOT / "docs" / "mutation.md"
_ENDS = {0: "survived", 1: "killed", 33: "survived", 36: "hung", 24: "hung", -24: "hung", 152: "hung", 255: "hung"}
"""What became of a mutant, by the exit code of its tests: 33 is one that no test reaches."""


def main() -> int:
    subprocess.run([Path(sys.executable).with_name("mutmut"), "run"], cwd=_ROOT, check=True)  # noqa: S603 -- no input
    ends = {
        name: _ENDS.get(code, f"ended with {code}")
        for path in sorted(_COPY.glob("app/**/*.meta"))
        for name, code in json.loads(path.read_text(encoding="utf-8"))["exit_code_by_key"].items()
    }
    survivors = [_described(name) for name, end in ends.items() if end == "survived"]
    unexcused = [survivor for survivor in survivors if survivor not in _excused()]
    print("\n\n".join(sorted(unexcused)))
    print(f"{len(ends)} mutants: {dict(Counter(ends.values()))}; {len(unexcused)} survivors not excused")
    return 1 if unexcused else 0


def _described(mutant: str) -> str:
    """The file and the function, and what was there before and after."""
    module, _, name = mutant.rpartition(".")
    file = f"{module.replace('.', '/')}.py"
    functions = _functions(_COPY / file)
    original = name.rpartition("__mutmut_")[0]
    lines = ndiff(functions[f"{original}__mutmut_orig"], functions[name])
    changed = [f"{line[0]} {line[2:].strip()}" for line in lines if line[0] in "-+"]
    return "\n".join([f"{file} {re.split('ǁ|^x_', original)[-1]}", *changed])


@cache
def _functions(path: Path) -> dict[str, list[str]]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))
    return {name: ast.unparse(node).replace(name, "").splitlines() for node in found if (name := node.name)}


@cache
def _excused() -> frozenset[str]:
    blocks = re.findall(r"```diff\n(.*?)\n```", _EXCUSES.read_text(encoding="utf-8"), re.DOTALL)
    return frozenset(mutant for block in blocks for mutant in block.split("\n\n"))


if __name__ == "__main__":
    sys.exit(main())

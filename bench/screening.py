"""What screening costs, each number beside a bare limit or a peer in the same run.

`make bench-screening` writes into `bench/results.md`. The bare limit is `str.translate` with a full list, which folds
and finds nothing; the peer is mint-filter, from npm, with the same terms and the same posts.
"""

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path

from app.screening.compiling import compile_terms
from app.screening.domain import Action, Category, Field, Term
from app.screening.matcher import Matcher
from bench import screening_http
from bench.corpus import ROUNDS, Corpus, Row, at_most, best, ratio
from tests.torture.form import tested_commit

_RESULTS = Path(__file__).parent / "results.md"
_TITLE = "## Screening"
_POST = 300
_LONG = 20_000
_PEER = 6
_FULL = [chr(point) for point in range(0x110000)]
_MINT = """
const {default: Mint} = require('mint-filter'); const fs = require('fs');
const {terms, posts} = JSON.parse(fs.readFileSync(0, 'utf8'));
const mint = new Mint(terms);
let best = Infinity;
for (let round = 0; round < %d; round++) {
  const began = process.hrtime.bigint();
  for (const post of posts) mint.filter(post, {replace: false});
  best = Math.min(best, Number(process.hrtime.bigint() - began) / 1e3 / posts.length);
}
console.log(best);
"""


def measure() -> list[Row]:
    corpus = Corpus()
    terms = corpus.terms(100_000)
    small, middle = compile_terms(terms[:1_000]), compile_terms(terms[:10_000])
    matcher, few = Matcher.load(middle), Matcher.load(small)
    built, large = build(terms)
    (loaded,) = best(lambda: Matcher.load(large))
    many = Matcher.load(large)
    posts = corpus.posts(200, _POST, many)
    long = corpus.posts(3, _LONG, many)
    hit = [post[:150] + terms[place].term + post[150:] for place, post in enumerate(posts)]
    hit = [post for post in hit if len(matcher.screen(post, Field.POST).hits) == 1]
    clean, bare, of_hit = best(partial(each, matcher, posts), partial(translate, posts), partial(each, matcher, hit))
    clean, bare, of_hit = clean / len(posts), bare / len(posts), of_hit / len(hit)
    (of_many,), (of_few,) = best(partial(each, many, posts)), best(partial(each, few, posts))
    clean_long, bare_long = best(partial(each, matcher, long), partial(translate, long))
    return [
        ratio("clean post of 300 characters / `str.translate` with a full list", 1.3, clean, bare),
        ratio("clean 20,000 characters / the same", 0.8, clean_long / len(long), bare_long / len(long)),
        ratio("post with one verified hit / clean post", 3, of_hit, clean),
        ratio("clean post, 100,000 terms / 1,000 terms", 2.5, of_many, of_few),
        *adversarial(terms[:10_000], matcher, clean_long / len(long)),
        peer(terms[:10_000], posts, clean),
        at_most("build of 100,000 terms", 1500, built * 1000, "ms"),
        at_most("reload of its blob", 50, loaded / 1000, "ms"),
        memory(large),
        screening_http.row(),
    ]


def build(terms: Sequence[Term]) -> tuple[float, bytes]:
    """Seconds, the best of three, and the blob."""
    took, large = [], b""
    for _ in range(3):
        began = time.perf_counter()
        large = compile_terms(terms)
        took.append(time.perf_counter() - began)
    return min(took), large


def each(matcher: Matcher, posts: Sequence[str]) -> None:
    for post in posts:
        matcher.screen(post, Field.POST)


def translate(posts: Sequence[str]) -> None:
    for post in posts:
        post.translate(_FULL)


def adversarial(terms: Sequence[Term], matcher: Matcher, clean: float) -> list[Row]:
    nested = Matcher.load(
        compile_terms([Term("嘻哈" * half, Category("gambling"), Action.BLOCK, 3) for half in range(1, 33)])
    )
    texts = {
        "all hits": (matcher, "".join(term.term for term in terms)),
        "all skipped": (matcher, "*" * _LONG),
        "one character": (matcher, terms[0].term[0] * _LONG),
        "nested terms": (nested, "嘻哈" * _LONG),
    }
    rows = []
    for name, (searcher, text) in texts.items():
        whole, half = text[:_LONG], text[: _LONG // 2]
        took, of_half = best(partial(searcher.screen, whole, Field.POST), partial(searcher.screen, half, Field.POST))
        rows.append(ratio(f"20,000 characters, {name} / clean", 10, took, clean))
        rows.append(ratio(f"the same / half of it, {name}: linear", 2.5, took, of_half))
    return rows


def peer(terms: Sequence[Term], posts: Sequence[str], clean: float) -> Row:
    """mint-filter folds nothing, checks nothing and gives no reason."""
    what = "clean post, mint-filter / ours"
    with tempfile.TemporaryDirectory() as place:
        subprocess.run([_found("npm"), "install", "--silent", "mint-filter@4.0.3"], cwd=place, check=True)  # noqa: S603
        given = json.dumps({"terms": [term.term for term in terms], "posts": list(posts)})
        node = [_found("node"), "-e", _MINT % ROUNDS]
        told = subprocess.run(node, cwd=place, check=True, input=given, capture_output=True, text=True)  # noqa: S603
    theirs = float(told.stdout)
    times = theirs / clean
    return Row(what, f">= {_PEER}", f"{times:.1f} ({theirs:,.1f} / {clean:,.1f} µs)", times >= _PEER)


def memory(blob: bytes) -> Row:
    """What a process takes more once it has the blob, measured in one of its own."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(blob)
        file.flush()
        asked = [sys.executable, "-m", "bench.screening", "--memory", file.name]
        took = int(subprocess.run(asked, check=True, capture_output=True, text=True).stdout)  # noqa: S603
    return at_most("memory of 100,000 terms in a process", 60, took / 1024, "MB")


def print_memory(file: str) -> None:
    """In kB; tables that any lexicon needs count as ours too."""
    blob = Path(file).read_bytes()
    before = _resident()
    matcher = Matcher.load(blob)
    matcher.screen("今天天气很好" * 50, Field.POST)
    print(_resident() - before)


def _resident() -> int:
    return next(int(line.split()[1]) for line in Path("/proc/self/status").read_text().splitlines() if "VmRSS" in line)


def _found(program: str) -> str:
    path = shutil.which(program)
    if path is None:
        sys.exit(f"{program} is needed for the peer")
    return path


def write(rows: Sequence[Row]) -> None:
    head = (
        f"{_TITLE}\n\n`make bench-screening`, commit {tested_commit()}, {os.cpu_count()} cores, Python "
        f"{platform.python_version()}, daachorse {version('daachorse')}, mint-filter 4.0.3. "
        "10,000 terms, each a Chinese one of the starter lexicon and a common word before or behind it, in four "
        "categories that all ask for homophones; posts of common words by how often they stand; the best of "
        f"{ROUNDS} rounds in turns.\n\n"
        "| what | demand | measured | met |\n| --- | --- | --- | --- |\n"
    )
    text = _RESULTS.read_text(encoding="utf-8")
    before, _, after = text.partition(_TITLE + "\n")
    _, mark, rest = after.partition("\n## ")
    lines = "\n".join(row.line() for row in rows)
    _RESULTS.write_text(
        before.rstrip() + "\n\n" + head + lines + "\n" + (mark + rest if mark else ""), encoding="utf-8"
    )


def main() -> None:
    if sys.argv[1:2] == ["--memory"]:
        print_memory(sys.argv[2])
        return
    rows = measure()
    print("\n".join(row.line() for row in rows))
    write(rows)
    sys.exit(0 if all(row.met for row in rows) else 1)


if __name__ == "__main__":
    main()

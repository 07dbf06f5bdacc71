"""Which claim of a chapter, or else which test, stops each wrong copy of reglib.

`python -m tests.repo.wrong_copies` writes the table that the page of verdicts reads. What the table
names already is tried first; what does not fail there, or is new, is looked for in every chapter
that runs the wrong line, then in the tests. `--afresh` looks for all of them, which takes an hour
of processor time. With names, such as `L1 ridge`, only their copies are tried, and nothing is
written.
"""

import atexit
import csv
import datetime
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from queue import Queue
from threading import Lock

from tqdm import tqdm

from trial.data import FOLDER
from trial.page.claims import ledger

from .mutants import ROOT, Mutant, copied, edit, mutants

TABLE = FOLDER / "mutants.csv"
TESTS = {p.stem: p.read_text("utf-8") for p in (ROOT / "tests" / "reglib").glob("test_*.py")}
PATIENCE = 60
"""Seconds after which a run on a wrong copy is given up, for it may go round for ever."""
FREE: Queue[int] = Queue()
for number in range(2):
    FREE.put(number)


@cache
def server(slot: int) -> subprocess.Popen:
    """A process that runs chapters and tests; see on_copy.py. Two run at a time."""
    command = [sys.executable, "-W", "ignore", Path(__file__).with_name("on_copy.py")]
    env = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    env |= {"OPENBLAS_NUM_THREADS": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    started = subprocess.Popen(command, env=env, stdin=-1, stdout=-1, text=True)
    atexit.register(started.kill)
    return started


def played(folder: Path, play: str, patience: float = PATIENCE) -> dict:
    """How a notebook, a file of tests or a test ends on the copy of reglib in `folder`."""
    slot = FREE.get()
    try:
        process = server(slot)
        order = {"folder": str(folder), "play": play, "patience": patience}
        print(json.dumps(order), file=process.stdin, flush=True)
        ending = json.loads(process.stdout.readline())
    finally:
        FREE.put(slot)
    # the copy, and not the installed package
    assert "reglib" not in ending or Path(ending["reglib"]).parents[1] == folder
    return ending | {"play": play}


def in_pairs(work: Callable, things: Sequence, words: str) -> list:
    """work(thing) of each, two at a time."""
    with ThreadPoolExecutor(2) as two:
        # disable=None: a bar in a terminal, nothing in a log
        return list(tqdm(two.map(work, things), words, len(things), unit="", disable=None))


def function(mutant: Mutant) -> str:
    """The function that a mutant is in, also where the mistake is in one nested in it."""
    return mutant.where.partition(":")[0]


def chapters(made: Iterable[Mutant], folder: Path) -> dict[str, dict[str, float]]:
    """Notebook -> function -> seconds to the first claim after it ran, found on the right copy."""
    right = copied(folder / "right")
    for file, where in sorted({(mutant.file, function(mutant)) for mutant in made}):
        edit(right, file, where, "seen")
    names = [f"notebooks/{path.name}" for path in sorted((ROOT / "notebooks").glob("*.ipynb"))]
    endings = in_pairs(lambda name: played(right, name, 10 * PATIENCE), names, "chapters")
    assert {ending["end"] for ending in endings} == {"passed"}, endings
    return {ending["play"]: ending["seen"] for ending in endings}


def fitting(mutant: Mutant) -> list[str]:
    """The files that test a subject of the mutant, that of its module, then of its room, first."""
    room, _, module = mutant.file.removesuffix(".py").rpartition("/")
    near = [f"test_{name}" for name in (*mutant.subjects, module, room)]
    subject = re.compile(rf"\b({'|'.join(mutant.subjects)})\b")
    fit = sorted((n for n in TESTS if subject.search(TESTS[n])), key=lambda n: len(TESTS[n]))
    fit.sort(key=lambda name: near.index(name) if name in near else len(near))
    return [f"tests/reglib/{name}.py" for name in fit]


def named(by: str) -> list[str]:
    """What to run to see the claim or the test fail that the table names."""
    if by in ledger():
        return [f"notebooks/{name}.ipynb" for name in ledger()[by].settled_in]
    return [f"tests/reglib/{by}"] if "::" in by else []


def first_failed(copy: Path, plays: Iterable[str], endings: list[dict]) -> str:
    """The claim or test that fails first, or ""; the endings of all that was run are kept.

    An assertion, a crash or a chapter without end is no failed claim. After such a chapter, which
    may be the first of many, only tests are run.
    """
    for play in plays:
        if play.endswith(".ipynb") and any(ending["end"] == "endless" for ending in endings):
            continue
        endings.append(played(copy, play))
        if endings[-1]["end"] in ("claim", "test"):
            return endings[-1]["words"]
    return ""


def judged(made: Sequence[Mutant], known: dict[tuple[str, str], str]) -> dict[Mutant, str]:
    """Mutant -> the claim or test that catches it, or "nothing"; `known` says what to try first.

    A line each goes to _build/mutants.txt, for whoever waits.
    """
    log = ROOT / "_build" / "mutants.txt"
    log.parent.mkdir(exist_ok=True)
    log.write_text("", encoding="utf-8")
    lock = Lock()
    with tempfile.TemporaryDirectory(prefix="reglib") as name:
        folder = Path(name).resolve()
        found_once = cache(lambda: chapters(made, folder))

        def everything(mutant: Mutant) -> Iterator[str]:
            with lock:
                seen = found_once()
            where = function(mutant)
            soon = {play: times[where] for play, times in seen.items() if where in times}
            yield from sorted(soon, key=soon.get)
            yield from fitting(mutant)

        def judge(numbered: tuple[int, Mutant]) -> str:
            number, mutant = numbered
            copy, endings = copied(folder / str(number)), []
            edit(copy, mutant.file, mutant.where, mutant.kind)
            hint = named(known.get((mutant.where, mutant.kind), ""))
            by = first_failed(copy, hint, endings)
            by = by or first_failed(copy, everything(mutant), endings) or "nothing"
            shutil.rmtree(copy)
            change = f"{mutant.before} -> {mutant.after}"
            tried = [f"{e['play']} {e['end']} {e['words']} {e['seconds']:.1f} s" for e in endings]
            line = " | ".join([mutant.where, mutant.kind, change, by, *tried])
            with log.open("a", encoding="utf-8") as file:
                file.write(line.replace("\n", " ") + "\n")
            return by

        return dict(zip(made, in_pairs(judge, list(enumerate(made)), "wrong copies"), strict=True))


def committed() -> dict[tuple[str, str], str]:
    """(in, wrong) -> the claim or test of the committed table, or "nothing"."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        return {(where, kind): by for where, kind, by in [*csv.reader(file)][1:]}


def kind_of(by: str) -> str:
    """What caught a copy: a test, a claim, or nothing."""
    return "claim" if by in ledger() else "test" if "::" in by else by


def write(found: dict[Mutant, str]) -> None:
    """The page's table."""
    rows = {(m.where, m.kind, by) for m, by in found.items()}
    with TABLE.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(["in", "wrong", f"caught on {datetime.date.today()} by"])
        lines.writerows(sorted(rows))


def main(arguments: Sequence[str]) -> None:
    """Try the copies of the named subjects, or all of them and write the table."""
    names = set(arguments) - {"--afresh"}
    made = [m for m in mutants() if not names or names & {*m.subjects}]
    found = judged(made, {} if "--afresh" in arguments else committed())
    if not names:
        write(found)
    print(f"{len(found)} wrong copies: {dict(Counter(map(kind_of, found.values())))}")
    for mutant, by in found.items():
        if names or by == "nothing":
            print(mutant.where, mutant.kind, by, sep=" | ")


if __name__ == "__main__":
    main(sys.argv[1:])

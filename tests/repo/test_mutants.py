"""A wrong sign or factor in reglib makes a claim of a chapter fail.

The slow part makes one wrong copy of the package a mistake and runs chapters on it, the quickest
first, until a claim fails: an assertion, a crash or a chapter without end does not count. It
writes `_build/mutants.csv`, a line a mistake.
"""

import atexit
import csv
import datetime
import json
import os
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import chain
from pathlib import Path
from queue import Queue
from threading import Lock

import numpy as np
import pytest
from tqdm import tqdm

from trial.data import FOLDER
from trial.page.claims import ledger

from . import mutants as tools
from .mutants import ROOT, UNCAUGHT, Mutant, copied, edit, mutants, parsed, reached, subjects

CHAPTERS = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
CHAPTERS.sort(key=lambda name: (ROOT / "notebooks" / f"{name}.ipynb").stat().st_size)
QUICK = ("02_penalties", "03_one_step")
"""Chapters with claims that look early on at every penalty and solver, and at the rest."""
PATIENCE = 30
"""Seconds after which a chapter on a wrong copy is given up, for it may go round for ever."""
ENDS = ("claim", "assert", "crash", "endless", "passed")
FREE: Queue[int] = Queue()
for number in range(2):
    FREE.put(number)
TABLE = FOLDER / "mutants.csv"


@cache
def server(slot: int) -> subprocess.Popen:
    """A process that runs chapters; see chapter_on_mutant.py. Two run at a time."""
    command = [sys.executable, "-W", "ignore", Path(__file__).with_name("chapter_on_mutant.py")]
    env = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | {"OPENBLAS_NUM_THREADS": "1"}
    started = subprocess.Popen(command, env=env, stdin=-1, stdout=-1, text=True)
    atexit.register(started.kill)
    return started


def played(folder: Path, chapter: str, patience: int = PATIENCE) -> dict:
    """How a chapter ends on the copy of reglib in `folder`."""
    order = {"folder": str(folder), "chapter": chapter, "patience": patience}
    slot = FREE.get()
    try:
        process = server(slot)
        print(json.dumps(order), file=process.stdin, flush=True)
        ending = json.loads(process.stdout.readline())
    finally:
        FREE.put(slot)
    # the copy, and not the installed package
    assert "reglib" not in ending or Path(ending["reglib"]).parents[1] == folder
    return ending


def judged(mutant: Mutant, chapters: Iterable[str], folder: Path) -> tuple[str, list[dict]]:
    """The chapters' endings up to the first failed claim, and the first of ENDS among them."""
    edit(copied(folder), mutant.file, mutant.where, mutant.kind)
    endings = []
    for chapter in chapters:
        endings.append({"chapter": chapter, **played(folder, chapter)})
        if endings[-1]["end"] == "claim":
            break
    ends = {ending["end"] for ending in endings}
    return next((end for end in ENDS if end in ends), "passed"), endings


def in_pairs(work, things, words):
    with ThreadPoolExecutor(2) as two:
        # disable=None: a bar in a terminal, nothing in a log
        return list(tqdm(two.map(work, things), words, len(things), unit="", disable=None))


def test_every_penalty_solver_optimizer_and_loss_has_a_wrong_sign_and_a_wrong_factor():
    made = {(subject, mutant.kind) for mutant in mutants() for subject in mutant.subjects}
    assert made == {(name, kind) for name in subjects() for kind in ("sign", "factor")}
    assert {"L2", "ridge", "newton", "AdamScaling", "Cosine", "HuberLoss"} <= set(subjects())


def test_a_mutant_differs_from_the_package_in_its_place_only(tmp_path):
    mutant = next(m for m in mutants() if (m.where, m.kind) == ("Momentum.update", "sign"))
    assert mutant.after == "self.beta * memory - gradient"
    texts = []
    for name, kind in (("same", "same"), ("wrong", "sign")):
        edit(copied(tmp_path / name), mutant.file, mutant.where, kind)
        texts.append((tmp_path / name / "reglib" / mutant.file).read_text().splitlines())
    changed = [pair for pair in zip(*texts, strict=True) if pair[0] != pair[1]]
    assert [new.strip() for _, new in changed] == ["v = " + mutant.after, "return (v, v)"]


def test_every_function_of_the_solvers_is_mutated_or_shown_or_only_checks():
    found = {
        place for name in tools.solvers.__all__ if name in subjects() for place in reached(name)
    }
    files = {f"solvers/{p.name}" for p in (ROOT / "reglib" / "solvers").glob("[!_]*.py")}
    for file in files | {file for file, _ in found}:
        rest = {where for where in parsed(file) if (file, where) not in found}
        assert rest <= tools.CHECKS | tools.SHOWN, file


def test_the_ways_of_gradient_descent_are_mutated_one_by_one():
    wheres = {m.where.partition(":")[2] for m in mutants() if "gradient_descent" in m.subjects}
    assert set(tools.solvers.PLACEMENTS) <= wheres


def test_what_is_left_out_names_places_that_would_be_mutated(monkeypatch):
    left_out = set(tools.NO_MISTAKE)
    monkeypatch.setattr(tools, "NO_MISTAKE", {})
    assert left_out <= {(mutant.where, mutant.kind) for mutant in mutants()}


NUMBERS = """
import numpy as np
from reglib.losses import SquaredError
from reglib.penalties import SpectralBall
from reglib.solvers import backtracking, barzilai_borwein, lasso_path

rng, found = np.random.default_rng(0), []
P, w = SpectralBall(1.0, (2, 2)), np.array([[0.2, 0.1, 0.0, 0.3], [2.0, 1.0, 0.0, 3.0]])
found += [*P.value(w), *P.subgradient(w).ravel()]
loss = SquaredError(rng.standard_normal((9, 3)), rng.standard_normal(9))
for solve in (backtracking, barzilai_borwein):
    run = solve(loss, np.zeros(3), step=1.0)
    found += [*run.w, run.n_iter]
for n, p in ((40, 8), (5, 30)):
    X = rng.standard_normal((n, p)) @ rng.standard_normal((p, p))
    path = lasso_path(X, rng.standard_normal(n), [0.5, 0.05, 0.001])
    found += [*path.w.ravel(), *path.gap, *path.objective]
print(*found)
"""
"""The numbers of everything that is left out, before and after."""


def _numbers(folder: Path) -> np.ndarray:
    env = os.environ | {"PYTHONPATH": str(folder)}
    done = subprocess.run([sys.executable, "-c", NUMBERS], env=env, capture_output=True, check=True)
    return np.array(done.stdout.split(), dtype=float)


@pytest.mark.slow
@pytest.mark.parametrize("place", sorted(tools.NO_MISTAKE))
def test_what_is_left_out_gives_the_same_numbers(tmp_path, place, monkeypatch):
    monkeypatch.setattr(tools, "NO_MISTAKE", {})
    mutant = next(m for m in mutants() if (m.where, m.kind) == place)
    edit(copied(tmp_path / "wrong"), mutant.file, mutant.where, mutant.kind)
    right, wrong = _numbers(ROOT), _numbers(tmp_path / "wrong")
    assert np.allclose(wrong, right, rtol=1e-8, atol=1e-12)


@pytest.mark.slow
def test_a_copy_that_changes_nothing_survives(tmp_path):
    """x * 1 instead of x is no mistake: whoever reports it as caught reports anything."""
    same = Mutant(("L1",), "penalties/entries.py", "L1.subgradient", "same", "x", "x * 1")
    assert judged(same, ["autopsy", "02_penalties"], tmp_path / "same")[0] == "passed"


def test_the_committed_table_names_mistakes_that_are_made_and_claims_of_the_ledger():
    with TABLE.open(encoding="utf-8", newline="") as file:
        (*head, dated), *rows = csv.reader(file)
    assert head == ["in", "wrong"] and datetime.date.fromisoformat(dated.split()[-1])
    made, caught = mutants(), {(where, kind) for where, kind, _ in rows}
    assert not caught & set(UNCAUGHT)
    assert caught | set(UNCAUGHT) == {(m.where, m.kind) for m in made}
    assert {id for _, _, id in rows} <= set(ledger())
    for name in subjects():
        own = {m.kind for m in made if name in m.subjects and (m.where, m.kind) in caught}
        assert own == {"sign", "factor"}, f"no claim catches a wrong {name} of both kinds"


@pytest.mark.slow
def test_each_wrong_sign_and_factor_makes_a_claim_fail(tmp_path):
    made = mutants()
    (ROOT / "_build" / "mutants.txt").unlink(missing_ok=True)
    right = copied(tmp_path / "right")
    for file, where in sorted({(mutant.file, _function(mutant)) for mutant in made}):
        edit(right, file, where, "seen")
    seen = as_it_is(right)

    def judge(numbered):
        number, mutant = numbered
        minimizes = mutant.file.startswith(("penalties", "solvers", "fast"))
        first, second = QUICK if minimizes else QUICK[::-1]
        rest = (name for name in CHAPTERS if name not in QUICK and _function(mutant) in seen(name))
        found = judged(mutant, chain((first, second), rest), tmp_path / str(number))
        note(mutant, *found)
        return found

    results = list(zip(made, in_pairs(judge, list(enumerate(made)), "wrong copies"), strict=True))
    report(results)
    assert {(m.where, m.kind) for m, (end, _) in results if end != "claim"} == set(UNCAUGHT)


def _function(mutant: Mutant) -> str:
    return mutant.where.partition(":")[0]


def as_it_is(right: Path):
    """Chapter -> the functions it runs, found when first asked by running it on the right copy."""
    known, lock = {}, Lock()

    def seen(chapter: str) -> list[str]:
        with lock:
            if chapter not in known:
                ending = played(right, chapter, 10 * PATIENCE)
                assert ending["end"] == "passed", f"{chapter}: {ending['words']}"
                known[chapter] = ending["seen"]
        return known[chapter]

    return seen


def note(mutant: Mutant, end: str, endings: list[dict]) -> None:
    """A line in _build/mutants.txt as soon as a mutant is judged, for whoever waits."""
    last = next((e for e in endings if e["end"] == end), {"chapter": "", "words": ""})
    change = f"{mutant.before} -> {mutant.after}"
    spent = sum(e["seconds"] for e in endings)
    line = (
        mutant.where,
        mutant.kind,
        change,
        end,
        last["chapter"],
        last["words"],
        f"{spent:.1f} s",
    )
    (ROOT / "_build").mkdir(exist_ok=True)
    with (ROOT / "_build" / "mutants.txt").open("a", encoding="utf-8") as file:
        file.write(" | ".join(line).replace("\n", " ") + "\n")


def report(results: list) -> None:
    """Print the counts; write the page's table to _build/mutants.csv."""
    counts = {end: sum(e == end for _, (e, _) in results) for end in ENDS}
    print(f"{len(results)} wrong copies: {counts}")
    late = sum(bool(e[-1].get("after")) for _, (end, e) in results if end == "claim")
    print(f"{late} of the claims failed after another cell had stopped")
    caught = [(m, endings[-1]["words"]) for m, (end, endings) in results if end == "claim"]
    rows = {(m.where, m.kind, words.partition(":")[0]) for m, words in caught}
    with (ROOT / "_build" / TABLE.name).open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(["in", "wrong", f"claim that failed on {datetime.date.today()}"])
        lines.writerows(sorted(rows))

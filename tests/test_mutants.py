"""A wrong sign or factor in reglib makes a chapter fail, in a claim or, told apart, an assertion.

The slow part makes one wrong copy of the package a mistake and runs chapters on it, the quickest
first, until a claim fails. It writes `_build/mutants.csv`, a line a mistake.
"""

import csv
import datetime
import json
import os
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock

import mutants as tools
import pytest
from mutants import ROOT, Mutant, copied, edit, mutants, subjects
from tqdm import tqdm

from reglib.book.claims import ledger

CHAPTERS = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
CHAPTERS.sort(key=lambda name: (ROOT / "notebooks" / f"{name}.ipynb").stat().st_size)
QUICK = ("autopsy", "02_penalties", "03_one_step")
"""Chapters with claims that look at every penalty, solver, transform and loss early on."""
PATIENCE = 60
"""Seconds after which a chapter on a wrong copy counts as a crash, for it may go round for ever."""
ENDS = ("claim", "assert", "crash", "survived")
TABLE = ROOT / "book" / "mutants.csv"


def played(folder: Path, chapter: str, patience: int = PATIENCE) -> dict:
    """How a chapter ends on the copy of reglib in `folder`; see chapter_on_mutant.py."""
    script = ROOT / "tests" / "chapter_on_mutant.py"
    command = [sys.executable, "-W", "ignore", script, folder / "notebooks" / f"{chapter}.ipynb"]
    found = os.environ | {"PYTHONPATH": str(folder), "OPENBLAS_NUM_THREADS": "1"}
    try:
        done = subprocess.run(command, env=found, capture_output=True, text=True, timeout=patience)
    except subprocess.TimeoutExpired:
        return {"end": "crash", "words": f"over {patience} s", "seconds": patience, "seen": []}
    if done.returncode or not done.stdout:
        return {"end": "crash", "words": done.stderr[-300:], "seconds": 0, "seen": []}
    ending = json.loads(done.stdout)
    assert Path(ending["reglib"]).parents[1] == folder  # the copy, and not the installed package
    return ending


def judged(mutant: Mutant, chapters: Iterable[str], folder: Path) -> tuple[str, list[dict]]:
    """The chapters' endings up to the first failed claim, and the verdict: the worst of them."""
    edit(copied(folder), mutant.file, mutant.where, mutant.kind)
    endings = []
    for chapter in chapters:
        endings.append({"chapter": chapter, **played(folder, chapter)})
        if endings[-1]["end"] == "claim":
            break
    ends = {ending["end"] for ending in endings}
    return next((end for end in ENDS if end in ends), "survived"), endings


def in_pairs(work, things, words):
    with ThreadPoolExecutor(2) as two:
        # disable=None: a bar in a terminal, nothing in a log
        return list(tqdm(two.map(work, things), words, len(things), unit="", disable=None))


def test_every_penalty_solver_optimizer_and_loss_has_a_wrong_sign_and_a_wrong_factor():
    made = {(mutant.subject, mutant.kind) for mutant in mutants()}
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


def test_what_is_left_out_names_places_that_would_be_mutated(monkeypatch):
    left_out = set(tools.NO_MISTAKE)
    monkeypatch.setattr(tools, "NO_MISTAKE", {})
    assert left_out <= {(mutant.where, mutant.kind) for mutant in mutants()}


@pytest.mark.slow
def test_a_copy_that_changes_nothing_survives(tmp_path):
    """x * 1 instead of x is no mistake: whoever reports it as caught reports anything."""
    same = Mutant("L1", "penalties/entries.py", "L1.subgradient", "same", "x", "x * 1")
    assert judged(same, ["autopsy", "02_penalties"], tmp_path / "same")[0] == "survived"


def test_the_committed_table_names_mistakes_that_are_made_and_claims_of_the_ledger():
    with TABLE.open(encoding="utf-8", newline="") as file:
        (*head, dated), *rows = csv.reader(file)
    assert head == ["in", "wrong"] and datetime.date.fromisoformat(dated.split()[-1])
    assert rows and {(row[0], row[1]) for row in rows} <= {(m.where, m.kind) for m in mutants()}
    assert {id for _, _, id in rows} <= set(ledger())


@pytest.mark.slow
def test_each_wrong_sign_and_factor_makes_a_claim_fail(tmp_path):
    made = mutants()
    (ROOT / "_build" / "mutants.txt").unlink(missing_ok=True)
    right = copied(tmp_path / "right")
    for file, where in sorted({(mutant.file, mutant.where) for mutant in made}):
        edit(right, file, where, "seen")
    seen = as_it_is(right)

    def judge(numbered):
        number, mutant = numbered
        before = caught_by(mutant)
        order = sorted(CHAPTERS, key=lambda name: (name not in before, name not in QUICK))
        chapters = (name for name in order if mutant.where in seen(name))
        found = judged(mutant, chapters, tmp_path / str(number))
        note(mutant, *found)
        return found

    results = list(zip(made, in_pairs(judge, list(enumerate(made)), "wrong copies"), strict=True))
    report(results)
    missed = {(m.where, m.kind): e for m, (e, _) in results if e not in ("claim", "assert")}
    assert missed == {}
    assert {m.subject for m, (end, _) in results if end == "claim"} == set(subjects())


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


def caught_by(mutant: Mutant) -> tuple[str, ...]:
    """The chapters that settle the claim which caught it last time: they are tried first."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        known = {(where, kind): id for where, kind, id in csv.reader(file)}
    entry = ledger().get(known.get((mutant.where, mutant.kind), ""))
    return entry.settled_in if entry else ()


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
    caught = [(m, endings[-1]["words"]) for m, (end, endings) in results if end == "claim"]
    rows = {(m.where, m.kind, words.partition(":")[0]) for m, words in caught}
    with (ROOT / "_build" / TABLE.name).open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(["in", "wrong", f"claim that failed on {datetime.date.today()}"])
        lines.writerows(sorted(rows))

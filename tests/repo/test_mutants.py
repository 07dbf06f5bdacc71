"""A wrong sign or factor in reglib makes a claim of a chapter fail, or a test of the library.

The slow part tries every wrong copy, as `python -m tests.repo.wrong_copies` does, and compares what
is caught with the committed table.
"""

import datetime
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from trial.page.claims import ledger

from . import mutants as tools
from .mutants import ROOT, copied, edit, mutants, parsed, reached, subjects
from .wrong_copies import TABLE, committed, fitting, judged, kind_of, played


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
from reglib.solvers import backtracking, barzilai_borwein, elastic_net_path, lasso_path

rng, found = np.random.default_rng(0), []
P, w = SpectralBall(1.0, (2, 2)), np.array([[0.2, 0.1, 0.0, 0.3], [2.0, 1.0, 0.0, 3.0]])
found += [*P.value(w), *P.subgradient(w).ravel()]
loss = SquaredError(rng.standard_normal((9, 3)), rng.standard_normal(9))
for solve in (backtracking, barzilai_borwein):
    run = solve(loss, np.zeros(3), step=1.0)
    found += [*run.w, run.n_iter]
for n, p in ((40, 8), (5, 30)):
    X = rng.standard_normal((n, p)) @ rng.standard_normal((p, p))
    y = rng.standard_normal(n)
    for path in (
        lasso_path(X, y, [0.5, 0.05, 0.001]),
        elastic_net_path(X, y, [0.5, 0.05, 0.001], l1_ratio=0.5),
    ):
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
@pytest.mark.parametrize("play", ["notebooks/02_penalties.ipynb", "tests/reglib/test_penalties.py"])
def test_a_copy_that_changes_nothing_survives(tmp_path, play):
    """x * 1 instead of x is no mistake: whoever reports it as caught reports anything."""
    edit(copied(tmp_path / "same"), "penalties/entries.py", "L1.subgradient", "same")
    assert played(tmp_path / "same", play)["end"] == "passed"


def test_the_nearest_tests_are_tried_first():
    first = {m.where: fitting(m)[0] for m in mutants()}
    assert first["Nuclear.prox"] == "tests/reglib/test_penalties.py"
    assert first["newton"] == "tests/reglib/test_newton.py"
    assert first["Cosine.at"] == "tests/reglib/test_schedules.py"


def test_the_committed_table_names_mistakes_that_are_made_and_what_stands_there_to_catch_them():
    head, *rows = TABLE.read_text(encoding="utf-8").splitlines()
    assert datetime.date.fromisoformat(head.removeprefix("in,wrong,caught on ").removesuffix(" by"))
    made, found = mutants(), committed()
    assert len(rows) == len(found)
    assert set(found) == {(m.where, m.kind) for m in made}
    assert {place for place, by in found.items() if by == "nothing"} == set(tools.UNCAUGHT)
    for by in set(found.values()) - set(ledger()) - {"nothing"}:
        file, name = by.split("::")
        assert f"def {name}(" in (ROOT / "tests" / "reglib" / file).read_text(encoding="utf-8")
    for name in subjects():
        own = {m.kind for m in made if name in m.subjects and found[m.where, m.kind] != "nothing"}
        assert own == {"sign", "factor"}, f"no wrong {name} of both kinds is caught"


@pytest.mark.slow
def test_each_wrong_copy_is_caught_as_the_table_says():
    """What the table names is tried first, so a copy that it no longer catches is looked for."""
    known = committed()
    found = {(m.where, m.kind): kind_of(by) for m, by in judged(mutants(), known).items()}
    assert found == {place: kind_of(by) for place, by in known.items()}

"""The page for users of other libraries: each row is run, there where it can be and always here."""

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest
from sklearn import linear_model
from sklearn.linear_model import (
    ElasticNet,
    HuberRegressor,
    Lasso,
    LinearRegression,
    LogisticRegression,
    Ridge,
    RidgeCV,
)
from sklearn.model_selection import KFold
from sklearn.preprocessing import StandardScaler

from reglib import datasets, losses, optimizers, solvers, tuning
from reglib.optimizers import Optimizer
from trial.data import FOLDER

PAGE = (Path(__file__).parents[2] / "book" / "coming_from.md").read_text(encoding="utf-8")
ROWS = list(csv.DictReader((FOLDER / "coming_from.csv").read_text(encoding="utf-8").splitlines()))
ENDS = json.loads((FOLDER / "recorded" / "coming_from.json").read_text(encoding="utf-8"))["ends"]
THEIRS = (ElasticNet, HuberRegressor, Lasso, LinearRegression, LogisticRegression, Ridge, RidgeCV)
THEIRS += (KFold, StandardScaler)
OURS = [vars(room) for room in (datasets, losses, optimizers, solvers, tuning)]
LOSS = losses.SquaredError(*datasets.article()[:2])


def scope(*names):
    """What a row may speak of: the diabetes data, and the names of one library."""
    X, y, _ = datasets.diabetes()
    found = {"X": X, "y": y - y.mean(), "labels": (y > 140).astype(int), "n": len(X), "p": 10}
    found["Z"] = np.column_stack([np.ones(len(X)), X])
    found["free"] = {"fit_intercept": False, "tol": 1e-10}
    found |= {"np": np, "lams": np.geomspace(1e-3, 1, 7), "rng": np.random.default_rng(0)}
    return found | {kind.__name__: kind for kind in names}


def rows_of(*libraries):
    rows = [row for row in ROWS if row["library"] in libraries]
    return pytest.mark.parametrize("row", rows, ids=[row["there"] for row in rows])


@rows_of("scikit-learn")
def test_scikit_learn_and_the_library_fit_the_same(row):
    names = scope(*THEIRS) | {"linear_model": linear_model}
    there = eval(row["there"], names)
    ours = {name: thing for room in OURS for name, thing in room.items()}
    here = eval(row["here"], ours | scope() | {"h": names.get("h")})
    np.testing.assert_allclose(here, there, rtol=2e-4, atol=1e-6)


@rows_of("PyTorch", "optax")
def test_an_optimizer_ends_where_theirs_ended(row):
    optimizer, w = eval(row["here"], vars(optimizers)), np.array([3.0, 2.0])
    assert isinstance(optimizer, Optimizer)
    memory = optimizer.start(w)
    for _ in range(30):
        w, memory = optimizer.step(w, gradient=LOSS.gradient(w), memory=memory)
    np.testing.assert_allclose(w, ENDS[row["there"]], rtol=1e-7)


def test_every_recorded_row_stands_in_the_table_and_the_other_way_round():
    assert set(ENDS) == {row["there"] for row in ROWS if row["library"] != "scikit-learn"}


def test_the_page_is_the_table():
    for library in dict.fromkeys(row["library"] for row in ROWS):
        section = re.search(rf"^## {library}\n(.*?)(?=^## |\Z)", PAGE, re.S | re.M)[1]
        pairs = re.findall(r"^(.+)\n\n```python\n(.+)\n(.+)\n```", section, re.M)
        rows = [row for row in ROWS if row["library"] == library]
        assert pairs == [(row["differs"], row["there"], row["here"]) for row in rows]


def test_a_line_of_code_fits_the_page():
    assert max(len(row[side]) for row in ROWS for side in ("there", "here")) <= 78


@pytest.mark.parametrize("word", re.findall(r"^\| `(\w+)=` \|", PAGE, re.M))
def test_a_keyword_of_the_page_is_answered_with_ours(word):
    calls = [solvers.ridge, tuning.kfold, optimizers.Optimizer, optimizers.AdamScaling]
    said = []
    for call in [*calls, losses.HuberLoss, optimizers.ClipByNorm]:
        with pytest.raises(TypeError) as caught:
            call(**{word: 1.0})
        said.append(str(caught.value))
    (ours,) = re.findall(rf"^\| `{word}=` \| `(\w+)=`", PAGE, re.M)
    assert any(f"here it is {ours}" in text for text in said)

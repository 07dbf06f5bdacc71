"""Rank and units: an offset of X changes no score, and the units of a column change no fit."""

import csv
from pathlib import Path

import numpy as np
import pytest

from reglib.diagnostics import effective_dof
from reglib.solvers import least_squares, ridge
from reglib.tuning import cross_validate, gcv, kfold, ridge_loo

NIST = Path(__file__).parents[2] / "book" / "trial" / "data" / "nist"
DIGITS = {
    "Filip": 7.3,
    "Pontius": 11.5,
    "NoInt1": 14,
    "NoInt2": 14,
    "Wampler1": 8.5,
    "Wampler2": 12,
    "Wampler3": 8.5,
    "Wampler4": 7,
    "Wampler5": 5,
    "Norris": 12,
}
"""Correct digits that are asked for; numpy's lstsq has none for Filip and 6 for Pontius."""


def problem(name):
    """X, y and the certified weights of a reference set."""
    with (NIST / "certified.csv").open() as file:
        w = [float(r["value"]) for r in csv.DictReader(file) if r["set"] == name]
    x, y = np.loadtxt(NIST / f"{name}.csv", delimiter=",", skiprows=1).T
    X = x[:, None] if name.startswith("NoInt") else x[:, None] ** np.arange(len(w))
    return X, y, np.array(w)


@pytest.mark.parametrize(("name", "digits"), DIGITS.items())
def test_a_reference_set_has_its_digits_and_its_rank(name, digits):
    X, y, w = problem(name)
    assert np.abs(least_squares(X, y) / w - 1).max() < 10**-digits
    assert effective_dof(X, 0.0) == len(w)


def unequal(rng, n, p):
    return rng.standard_normal((n, p)) * np.r_[np.ones(3), np.full(p - 3, 1e-3)]


def scores(X, y, lams):
    folds = kfold(len(y), 5, np.random.default_rng(0))
    by = {"loo": ridge_loo(X, y, lams), "gcv": gcv(X, y, lams)}
    by |= {f"cv, scale {s}": cross_validate(X, y, lams, folds, scale=s) for s in (True, False)}
    return {name: score.mean for name, score in by.items()}


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize(("n", "p"), [(10, 12), (10, 9), (30, 6), (12, 40)])
def test_an_offset_changes_no_score(n, p, seed):
    rng = np.random.default_rng(seed)
    X, y = unequal(rng, n, p), rng.standard_normal(n)
    X = np.round(X * 2.0**40) / 2.0**40  # so that adding the offset rounds nothing
    lams = [1.0, 1e-4, 1e-8] + ([0.0] if p + 1 < n - 8 else [])
    plain = scores(X, y, lams)
    for moved in (scores(X + 128.0, y, lams), scores(X, y + 1024.0, lams)):
        for name in plain:
            np.testing.assert_allclose(moved[name], plain[name], rtol=1e-6, err_msg=name)


def test_the_repro_of_a_rank_that_rounding_raised():
    """A column mean near 100 leaves 1e-14 behind, next to columns of 1e-3."""
    rng = np.random.default_rng(0)
    X, y = unequal(rng, 10, 12) + 100, rng.standard_normal(10)
    assert ridge_loo(X, y, [1e-8]).mean[0] == pytest.approx(0.6048, abs=5e-5)


def test_least_squares_in_more_columns_than_rows_passes_no_offset_on():
    rng = np.random.default_rng(1)
    X, y = np.round(unequal(rng, 10, 12) * 2.0**40) / 2.0**40, rng.standard_normal(10)
    folds = kfold(10, 5, np.random.default_rng(0))
    near, far = (cross_validate(A, y, [0.0], folds, scale=False).mean for A in (X, X + 128))
    np.testing.assert_allclose(far, near, rtol=1e-6)


@pytest.mark.parametrize("units", [1e-150, 1e-9, 1e9, 1e149])
def test_the_unit_of_a_column_changes_its_weight_and_nothing_else(units):
    rng = np.random.default_rng(2)
    X, y = rng.standard_normal((20, 4)), rng.standard_normal(20)
    scaled = X * [1, units, 1, 1]
    np.testing.assert_allclose(least_squares(scaled, y) * [1, units, 1, 1], least_squares(X, y))
    for mask in (None, [False, True, True, True], [True, False, True, True]):
        fits = [ridge(A, y, 0.0, mask=mask) for A in (X, scaled)]
        np.testing.assert_allclose(fits[1] * [1, units, 1, 1], fits[0], err_msg=str(mask))
        assert effective_dof(scaled, 0.0, mask=mask) == 4
    assert effective_dof(scaled, 0.0, intercept=True) == 5


def test_of_many_fits_the_shortest_is_taken_in_the_units_given():
    rng = np.random.default_rng(3)
    A = rng.standard_normal((30, 3)) @ rng.standard_normal((3, 6)) * 10.0 ** np.arange(-2, 4)
    y = rng.standard_normal(30)
    w = least_squares(A, y)
    np.testing.assert_allclose(w, np.linalg.pinv(A, rcond=1e-12) @ y, rtol=1e-6)
    assert effective_dof(A, 0.0) == 3

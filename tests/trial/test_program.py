"""Experiment E1: the whole numbers of its table, and the pictures of its chapter."""

import numpy as np
import pytest

from reglib.datasets import article
from reglib.diagnostics import condition_number, step_limit
from reglib.losses import SquaredError
from trial.chapters.program import figures as program
from trial.page import style

X, Y, _ = article()
SLOPE, BOTH, START = [False, True], [True, True], [3.0, 2.0]
ONES, x = X[:, 0], X[:, 1]
RAW = SquaredError(X, Y)
CENTERED = SquaredError(np.column_stack([ONES, x - 3]), Y)
STANDARDIZED = SquaredError(np.column_stack([ONES, (x - 3) / np.sqrt(2)]), Y)
TIMES_100 = SquaredError(np.column_stack([ONES, 100 * x]), Y)
# Steps: 1/L, the best step 2/(L + l), 0.99 of the limit, 0.01, 0.1; minus is where it diverged.
TABLE = {
    "raw": (RAW, SLOPE, 0.0, [1081, 545, 545, 9195, 913]),
    "centered": (CENTERED, SLOPE, 0.0, [23, 15, 704, 1535, 147]),
    "standardized": (STANDARDIZED, SLOPE, 0.0, [1, 1, 771, 1550, 148]),
    "times 100": (TIMES_100, SLOPE, 0.0, [0, 0, 0, -4, -3]),
    "ridge 1, b free": (RAW, SLOPE, 1.0, [782, 395, 597, 6171, 611]),
    "ridge 10, b free": (RAW, SLOPE, 10.0, [569, 289, 681, 2681, -206]),
    "ridge 1, all": (RAW, BOTH, 1.0, [156, 82, 612, 1264, 120]),
    "ridge 10, all": (RAW, BOTH, 10.0, [24, 15, 696, 138, -164]),
}


@pytest.mark.parametrize(("loss", "mask", "lam", "expected"), TABLE.values(), ids=TABLE)
def test_the_iterations_of_the_table_match_exactly(loss, mask, lam, expected):
    limit = step_limit(loss, lam, mask=mask)
    smallest = 2 / limit / condition_number(loss, lam, mask=mask)
    steps = [limit / 2, 2 / (2 / limit + smallest), 0.99 * limit, 0.01, 0.1]
    assert program.iterations(loss, mask, lam, START, steps).tolist() == expected


@pytest.mark.parametrize(
    ("lam", "step", "words"),
    [
        (10, 0.1, ("(limit 0.093) diverges", "iteration 206; proximal L2 (limit 0.500) converges")),
        (0.1, 0.1, ("coupled L2 (limit 0.168) converges", "proximal L2 (limit 0.170) converges")),
        (0.1, 0.5, ("coupled L2 (limit 0.168) diverges", "proximal L2 (limit 0.170) diverges")),
    ],
)
def test_the_sentence_names_both_limits_and_both_ends(lam, step, words):
    figure = style.new_figure(layout="none")
    sentence = program.Rescue(RAW, START)(figure, lam=lam, step=step)
    assert all(word in sentence for word in words)

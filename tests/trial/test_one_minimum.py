"""Every solver on one problem: the checks pass, and a wrong end is seen."""

import numpy as np
import pytest

from reglib import solvers
from trial.chapters.penalties import one_minimum


def test_every_solver_lands_on_the_minimum():
    for part in ("with_l2", "with_l1", "objectives", "stops", "certificates"):
        found = getattr(one_minimum, part)()
        assert found and [name for name, right in found.items() if right is not True] == []
    assert one_minimum.all_agree()


def test_fista_must_be_ahead():
    assert one_minimum.certificates()["FISTA lower than ISTA after 100 short steps"]


@pytest.mark.parametrize("name", ["ridge", "least_squares"])
def test_a_solver_that_ends_elsewhere_is_seen(monkeypatch, name):
    right = getattr(solvers, name)
    monkeypatch.setattr(solvers, name, lambda *a, **k: 1.001 * right(*a, **k))
    assert not one_minimum.all_agree()


def test_a_weight_that_is_zero_must_have_a_small_slope():
    loss = one_minimum.problem()
    assert not one_minimum._optimal(loss, np.zeros(4), 1.0)

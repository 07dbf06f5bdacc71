"""The harness that times things is held to what it says, on tiny work."""

import os

import numpy as np
import pytest

from benchmarks import harness, linear, nets, problems, table
from benchmarks.gap import relative_gap, worst_gap
from reglib.solvers import duality_gap, elastic_net_path


@pytest.fixture
def load(monkeypatch):
    """Sets the load average that the harness sees."""
    monkeypatch.delenv("BENCH_ANYWAY", raising=False)
    return lambda value: monkeypatch.setattr(os, "getloadavg", lambda: (value, 0, 0))


def case(rivals, ours=lambda: 1.0):
    return harness.Case("work", "data", 0, ours, rivals, lambda found: abs(found - 1))


def rows_of(*cases):
    return [*harness.rows([harness.measure(one, 3, 2) for one in cases])]


def test_the_gap_by_hand():
    # X = (1, 1)', y = (2, 4), w = 0, lam = 1: P = 5; r = y, x'r/n = 3, so u = y/3 and
    # D = (20 - ||2/3 y||^2) / 4 = 25/9; the difference over ||y||^2 / 2n = 5.
    X, y = np.ones((2, 1)), np.array([2.0, 4.0])
    assert relative_gap(X, y, np.zeros(1), 1.0) == pytest.approx((5 - 25 / 9) / 5)
    assert relative_gap(X, y, np.array([2.0]), 1.0) == pytest.approx(0, abs=1e-15)
    # l1 = l2 = 1/2 at w = 0: D(y) = 5 - (3 - 1/2)^2 / (2/2) = -5/4.
    assert relative_gap(X, y, np.zeros(1), 1.0, 0.5) == pytest.approx((5 + 5 / 4) / 5)


@pytest.mark.parametrize("ratio", [1.0, 0.5])
def test_the_gap_bounds_the_distance_from_the_minimum_and_is_no_better_than_ours(ratio):
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((20, 5)), rng.standard_normal(20)
    lams = problems.grid(X, y, ratio)[::20]
    path = elastic_net_path(X, y, lams, l1_ratio=ratio)
    assert worst_gap(X, y, path.w, lams, ratio) < 1e-13
    away = path.w + 0.01 * rng.standard_normal(path.w.shape)
    excess = []
    for w, best, lam in zip(away, path.w, lams, strict=True):
        cost = [
            np.square(y - X @ v).mean() / 2
            + lam * (ratio * np.abs(v).sum() + (1 - ratio) / 2 * v @ v)
            for v in (w, best)
        ]
        excess.append((cost[0] - cost[1]) / (np.square(y).mean() / 2))
    gaps = [relative_gap(X, y, w, lam, ratio) for w, lam in zip(away, lams, strict=True)]
    assert (np.array(gaps) >= excess).all()
    assert (np.array(gaps) >= duality_gap(X, y, away, lams[:, None], ratio) * (1 - 1e-9)).all()


def test_a_rival_that_is_not_installed_is_missing_and_no_error():
    absent = harness.rival("celer", "1e-04", lambda module: None, 1.0, module="no_such_package")
    assert (absent.run, absent.note) == (None, "missing")
    (row,) = rows_of(case([absent]))
    assert (row["note"], row["ratio"], row["theirs"]) == ("missing", "", "")


def test_a_busy_machine_is_refused_unless_told_and_then_says_so(load, monkeypatch):
    load(0.49)
    assert harness.check_load() == "load average 0.49"
    load(0.51)
    with pytest.raises(SystemExit, match="0.51, above 0.5"):
        harness.check_load(0)
    monkeypatch.setattr(harness.time, "sleep", lambda _: load(0.3))
    assert harness.check_load(60) == "load average 0.30"  # it falls while one waits
    load(0.51)
    monkeypatch.setenv("BENCH_ANYWAY", "1")
    assert "A BUSY MACHINE" in harness.check_load()


def test_ours_and_theirs_take_turns_and_every_turn_counts():
    turns = []
    rival = harness.Rival("theirs", "", lambda: turns.append("B") or 1.5, 2.0)
    sample = harness.measure(case([rival], lambda: turns.append("A") or 1.0), 3, 2)
    order = "".join(turns).replace("AA", "A").replace("BB", "B")
    while "AA" in order or "BB" in order:  # fast work is called many times for one reading
        order = order.replace("AA", "A").replace("BB", "B")
    assert order == "ABABABAB"  # a warm-up and three turns
    assert sample.judged == {"": 0.0, "theirs ": 0.5}


def test_a_row_holds_medians_ranges_and_the_worst_error_over_the_seeds():
    rival = harness.Rival("theirs", "1e-04", lambda: 1.0, 0.5)
    one = harness.Sample(case([rival]), {"": [1.0, 2.0, 3.0]}, {"": 1e-9, "theirs 1e-04": 1e-4})
    two = harness.Sample(case([rival]), {"": [2.0]}, {"": 1e-7, "theirs 1e-04": 1e-5})
    one.seconds["theirs 1e-04"], two.seconds["theirs 1e-04"] = [4.0, 4.0, 4.0], [5.0]
    (row,) = harness.rows([one, two])
    assert set(row) == set(harness.COLUMNS)
    assert (row["ours"], row["ours_low"], row["ours_high"]) == ("2000", "1000", "3000")
    assert (row["ratio"], row["ratio_low"], row["ratio_high"]) == ("0.45", "0.25", "0.75")
    assert (row["ours_error"], row["theirs_error"], row["seeds"]) == ("1e-07", "1e-04", "2")


def planted(**changes):
    row = dict.fromkeys(harness.COLUMNS, "") | {"work": "w", "data": "d", "rival": "r"}
    return row | {"ratio": "0.5", "ratio_low": "0.4", "ratio_high": "0.6"} | changes


def test_a_comparison_finds_a_planted_change_and_nothing_else():
    assert table.departures([planted()], [planted()]) == []
    within = planted(ratio="0.59", ratio_low="0.58", ratio_high="0.7")
    assert table.departures([within], [planted()]) == []
    slower = planted(ratio="0.9", ratio_low="0.8", ratio_high="1.0")
    (found,) = table.departures([slower], [planted()])
    assert "the ratio was 0.5 (0.4-0.6) and is 0.9 (0.8-1.0)" in found
    (found,) = table.departures([planted(data="new")], [planted()])
    assert "not in the committed table" in found
    missing = planted(ratio="", note="missing")
    assert table.departures([missing], [planted()]) == []


@pytest.mark.parametrize("ratio", [1.0, 0.5])
def test_a_path_case_judges_ours_and_scikit_learn_by_the_same_gap(ratio, monkeypatch):
    monkeypatch.setitem(problems.DRAWN, "tiny", (30, 6, 2, 0.5))
    one = linear.path("tiny", 0, ratio, {"1e-08": 0.1})
    sample = harness.measure(one, 2, 2)
    assert sample.judged[""] < 1e-13
    # scikit-learn stops by its own gap, relative to ||y||^2 and not half of it.
    assert sample.judged["scikit-learn 1e-08"] < 1e-7
    goals = {(row["rival"], row["setting"]): row["goal"] for row in harness.rows([sample])}
    assert goals["scikit-learn", "1e-08"] == "0.1"


def test_other_linear_cases_agree_with_scikit_learn():
    for one in (
        linear.cross_validation("diabetes 442 x 10", 1, 0.05),
        linear.leave_one_out("diabetes 442 x 10", 1, 0.05),
    ):
        runs = {"": one.ours} | {r.setting: r.run for r in one.rivals}
        errors = {name: one.judge(run()) for name, run in runs.items()}
        assert errors[""] < 1e-10
        assert min(errors.values()) < 1e-10
        assert max(errors.values()) < 0.01


def test_training_is_judged_even_without_an_oracle(monkeypatch):
    monkeypatch.setattr(nets, "STEPS", 2)
    for one in (nets.mlp_steps(8, 0, (1, 1)), nets.rnn_steps(5, 0, (1, 1))):
        assert np.isfinite(one.ours()).all()
        assert [rival.name for rival in one.rivals] == ["torch", "jax"]
    together = nets.configurations(4, 0, (1, 1))
    np.testing.assert_allclose(together.ours(), together.rivals[0].run(), rtol=1e-12)


def test_the_committed_results_have_every_column_and_a_goal_for_every_kind_of_work():
    rows = table.read(table.RESULTS)
    assert set(rows[0]) == set(harness.COLUMNS)
    assert {row["work"] for row in rows} == {row["work"] for row in rows if row["goal"]}
    assert all(row["ratio"] or row["note"] for row in rows)

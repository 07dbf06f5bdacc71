"""The three runs of the chapter, its recorded traces, their score, and its interactive figure."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from reglib.doctor import CAUSES
from trial.chapters.diagnose import benchmark, traces
from trial.chapters.diagnose import figures as page
from trial.page import style
from trial.page.remedies import CHAPTERS

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def three():
    return page.three_runs()


@pytest.fixture(scope="module")
def frozen():
    return traces.score(traces.all_runs("frozen"))


def test_the_three_runs_are_diagnosed_as_what_they_are(three):
    assert list(three) == ["A", "B", "C"]
    for run in three.values():
        assert len(run.losses) == 80
        assert np.isfinite(run.losses).all()
        assert run.report().cause == run.cause


def test_each_run_has_a_panel_with_its_loss_and_its_gradient(three):
    figure = style.new_figure()
    page.draw_three(figure, three)
    for axes, run in zip(figure.axes, three.values(), strict=True):
        loss, norm = axes.lines
        np.testing.assert_array_equal(loss.get_ydata(), run.losses)
        np.testing.assert_array_equal(norm.get_ydata(), run.gradient_norms)


def test_the_interactive_figure_says_what_the_doctor_says():
    around = page.Around([0.4, 1.1], [60, 8])
    for share, size, words in [
        (0.4, 60, "Step 0.4 of the limit, all rows: healthy"),
        (1.1, 60, "step too large (sure)"),
        (1.1, 8, "batches of 8"),
    ]:
        figure = style.new_figure(layout="none")
        assert words in around(figure, share=share, size=size)
        assert len(figure.axes[0].lines) == 2


def test_every_remedy_has_a_chapter_that_says_why():
    topics = {remedy.topic for cause in CAUSES for remedy in cause.remedies}
    assert topics == set(CHAPTERS)
    assert all((ROOT / "notebooks" / f"{chapter}.ipynb").is_file() for chapter in CHAPTERS.values())


# --- the recorded traces --------------------------------------------------------------------


@pytest.mark.parametrize("name", traces.FROZEN)
def test_the_frozen_half_is_what_it_was(name):
    assert hashlib.sha256(traces.content(name)).hexdigest() == traces.FROZEN[name]


@pytest.mark.parametrize("part", ["written", "frozen"])
def test_each_half_holds_its_families_and_no_other(part):
    known = [name for names in traces.FAMILIES.values() for name in names]
    assert set(benchmark.TASKS) <= set(known)
    runs = [*traces.all_runs(part), *traces.read(f"{part}_long")]
    assert {run.family for run in runs} == {f for f in known if benchmark.half(f) == part}
    assert len({run.name for run in runs}) == len(runs)


def test_every_cause_of_a_run_is_one_that_the_doctor_knows():
    known = {cause.name for cause in CAUSES} | {"spike"}
    for run in traces.all_runs("written") + traces.all_runs("frozen"):
        assert set(run.cause.split("|")) <= known


def test_the_score_on_the_frozen_half_is_what_the_goals_ask(frozen):
    assert frozen.right >= 0.85 * frozen.runs
    assert frozen.alarms <= 0.02 * frozen.healthy
    right, of = frozen.sure["sure"]
    assert right >= 0.97 * of


def test_runs_of_other_frameworks_are_judged_as_well(frozen):
    runs = traces.read("frozen_torch") + traces.read("frozen_jax")
    named = {run.name for run in runs}
    missed = sum(run.name in named for run, _ in frozen.missed)
    assert len(runs) >= 150
    assert missed <= 0.15 * len(runs)


def test_the_last_score_in_the_list_is_the_one_that_is_reached(frozen):
    last = traces.history()[-1]
    assert last[2:] == [
        f"{frozen.right} of {frozen.runs}",
        f"{frozen.alarms} of {frozen.healthy}",
        "{} of {}".format(*frozen.sure["sure"]),
    ]


@pytest.mark.parametrize("size", [30, 100, 300])
@pytest.mark.parametrize("part", ["written", "frozen"])
def test_windows_of_healthy_runs_are_rarely_called_ill(part, size):
    of, ill = traces.windows(traces.read(f"{part}_long"), size)
    assert of >= 100
    assert ill <= 0.02 * of


def test_a_run_is_written_and_read_again(tmp_path, monkeypatch):
    monkeypatch.setattr(traces, "FOLDER", tmp_path)
    columns = {"step": [0.0, 1.0], "loss": [1.5, float("nan")]}
    run = traces.Run("a", "b", "healthy", "sgd", columns)
    assert traces.write("some", [run]).startswith("some: ")
    (again,) = traces.read("some")
    assert (again.name, again.cause, again.columns["loss"][0]) == ("a", "healthy", 1.5)
    assert np.isnan(again.columns["loss"][1])


def test_a_spoiled_run_is_its_twin_but_for_what_is_spoiled():
    twin = benchmark.Setting("patches", 3, "sgd", 0.03, steps=30)
    calm = benchmark.record(twin)
    ill = benchmark.record(benchmark.replace(twin, spoil=benchmark._nan_from(20)), "not finite")
    assert calm.columns["loss"][:20] == ill.columns["loss"][:20]
    assert np.isnan(ill.columns["loss"][20:]).all()
    assert ill.report().cause == "not finite"
    half = benchmark.record(benchmark.replace(twin, half_precision=2.0**24))
    assert np.isinf(half.columns["grad_norm"][0])
    assert half.columns["loss_scale"][1] == 2.0**23

"""The unit behind the cliff, the wall that theory promises, and the runs that meet it."""

import re

import numpy as np
import pytest

from reglib.diagnostics import gradient_error
from reglib.networks import SigmoidUnit
from reglib.penalties import L2
from trial.chapters.cliff import experiment as cliff_runs
from trial.chapters.cliff import figures as cliff
from trial.chapters.cliff.experiment import Remedy, share
from trial.page import apart, style

UNIT = SigmoidUnit()
OUTPUT = 1 / (1 + np.exp(-UNIT.x0))  # sigma(x0)
FEW = [Remedy("nothing"), Remedy("clip", clip=1.0), Remedy("L2", lam=0.01)]


@pytest.mark.parametrize("length", [1, 2, 7, 50])
def test_the_gradient_is_that_of_the_value(length):
    unit = SigmoidUnit(length, x0=-0.3, target=0.2)
    rng = np.random.default_rng(0)
    for w in rng.uniform([-3, -3], [4, 3], (20, 2)):
        assert gradient_error(unit, w) < 1e-6


def test_a_gradient_one_permille_off_is_found():
    class Off(SigmoidUnit):
        def gradient(self, weights):
            return super().gradient(weights) * [1.001, 1]

    assert gradient_error(Off(10), [2.0, -1.0]) > 4e-4


def test_the_unit_takes_the_steps_of_its_formula():
    w, b, x = 4.5, -2.2, 0.5
    states = SigmoidUnit(5).states([w, b])
    for t in range(6):
        assert states[t] == pytest.approx(x, rel=1e-14)
        x = w / (1 + np.exp(-x)) + b
    assert SigmoidUnit(5).value([w, b]) == pytest.approx(
        (1 / (1 + np.exp(-states[5])) - 0.7) ** 2, rel=1e-12
    )


def test_a_leading_axis_is_a_loop():
    points = np.random.default_rng(1).uniform(-4, 4, (3, 4, 2))
    value, gradient = UNIT.value_and_gradient(points)
    assert value.shape == (3, 4) and gradient.shape == (3, 4, 2)
    for i, j in np.ndindex(3, 4):
        one = UNIT.value_and_gradient(points[i, j])
        assert one[0] == value[i, j] and (one[1] == gradient[i, j]).all()


def test_huge_and_lost_weights_warn_of_nothing():
    value, gradient = UNIT.value_and_gradient([[1e9, -1e9], [-1e11, 1.0], [np.nan, 0.0]])
    assert np.isfinite(value[:2]).all() and np.isfinite(gradient[:2]).all() and np.isnan(value[2])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: SigmoidUnit(0), "length must be >= 1, got 0"),
        (lambda: SigmoidUnit(x0=np.inf), "x0 must be finite, got inf"),
        (lambda: SigmoidUnit(target=[0.5]), r"target must have 0 axes, got shape \(1,\)"),
        (lambda: UNIT.value([1.0, 2.0, 3.0]), r"last axis of weights must have 2 entries.*\(3,\)"),
    ],
)
def test_bad_input_is_worded(call, words):
    with pytest.raises(ValueError, match=words):
        call()


@pytest.mark.parametrize("b", [-3.0, -2.5, -2.2])
def test_on_the_wall_the_start_is_a_fixed_point_and_the_gradient_a_geometric_sum(b):
    w, a, T = float(UNIT.wall(b)), float(UNIT.growth(b)), 30
    unit = SigmoidUnit(T)
    np.testing.assert_allclose(unit.states([w, b]), UNIT.x0, atol=1e-11)
    outer = 2 * (OUTPUT - 0.7) * OUTPUT * (1 - OUTPUT)
    expected = outer * np.array([OUTPUT, 1.0]) * (a**T - 1) / (a - 1)
    np.testing.assert_allclose(unit.gradient([w, b]), expected, rtol=1e-9)


def test_the_limit_jumps_where_the_slope_exceeds_one_and_only_there():
    edge = UNIT.x0 - 1 / (1 - OUTPUT)
    for b, jumps in ((edge - 0.05, True), (edge + 0.05, False)):
        w = float(UNIT.wall(b)) * (1 + np.array([-1e-9, 1e-9]))
        last = SigmoidUnit(4000).states(np.stack([w, np.full(2, b)], axis=-1))[:, -1]
        assert (last[1] - last[0] > 0.1) == jumps


@pytest.mark.parametrize(
    ("length", "b", "w", "norm"),
    [
        (10, -2.5, 4.731, 3.94),
        (20, -2.5, 4.803, 25.0),
        (30, -2.5, 4.816, 114),
        (50, -2.5, 4.81929, 1621),
        (50, -3.0, 5.6228568, 1_037_739),
        (50, -2.0, 3.97545, 5.39),
    ],
)
def test_the_steepest_place_is_where_an_independent_search_found_it(length, b, w, norm):
    found = cliff_runs.steepest(SigmoidUnit(length), b)
    assert found[0] == pytest.approx(w, abs=1e-3 if length < 50 else 6e-6)
    assert found[1] == pytest.approx(norm, rel=5e-3)


def test_the_loss_has_no_extreme_point_but_its_minima():
    points, gradient = cliff_runs.gradient_grid(UNIT, np.linspace(1, 7, 40), np.linspace(-4, 2, 41))
    error = 1 / (1 + np.exp(-UNIT.states(points)[..., -1])) - UNIT.target
    clear = np.abs(gradient).min(axis=-1) > 0  # an output that rounds to 1 has no slope left
    assert clear.mean() > 0.6
    assert (np.sign(gradient) == np.sign(error)[..., None])[clear].all()


def test_a_grid_in_blocks_is_the_grid_in_one():
    ws, bs = np.linspace(4, 7, 151), np.linspace(-3.5, -1, 101)
    points, gradient = cliff_runs.gradient_grid(UNIT, ws, bs)
    assert points.shape == gradient.shape == (101, 151, 2)
    assert (points[3, 5] == [ws[5], bs[3]]).all()
    np.testing.assert_array_equal(gradient, UNIT.gradient(points))


def test_a_penalty_changes_the_gradient_by_no_more_than_its_own_length():
    points, g = cliff_runs.gradient_grid(UNIT, np.linspace(4, 7, 601), np.linspace(-3.5, -1, 501))
    plain = np.linalg.norm(g, axis=-1)
    penalized = np.linalg.norm(g + L2(1.0).subgradient(points), axis=-1)
    assert (np.abs(penalized - plain) <= np.linalg.norm(points, axis=-1) * (1 + 1e-12)).all()
    assert plain.max() == pytest.approx(3320, rel=1e-3)
    assert 0 < plain.max() - penalized.max() < 1
    assert np.median(plain) == pytest.approx(0.042, abs=1e-3)


def test_starts_are_drawn_all_w_first():
    rng = np.random.default_rng(3)
    w, b = rng.uniform(4.6, 5.6, 200), rng.uniform(-2.6, -2, 200)
    np.testing.assert_array_equal(cliff_runs.starts(3), np.stack([w, b], axis=-1))


def test_one_call_for_all_remedies_is_a_loop():
    w0 = cliff_runs.starts(0, 5)
    together = cliff_runs.run(UNIT, FEW, w0, [0.1, 1.0], n_steps=40)
    assert together.loss.shape == together.thrown.shape == together.jump.shape == (2, 3, 5)
    for i, step in enumerate((0.1, 1.0)):
        for j, remedy in enumerate(FEW):
            alone = cliff_runs.run(UNIT, [remedy], w0, [step], n_steps=40)
            for field in ("loss", "thrown", "jump"):
                np.testing.assert_array_equal(
                    getattr(together, field)[i, j], getattr(alone, field)[0, 0]
                )


def test_a_jump_is_the_longest_step_of_the_path():
    w0 = cliff_runs.starts(0, 3)
    runs = cliff_runs.run(UNIT, [Remedy("L2", lam=0.01)], w0, [1.0], n_steps=60)
    for start, jump in zip(w0, runs.jump[0, 0], strict=True):
        path = cliff_runs.paths(UNIT, start, [1e12], [0.01], 1.0, n_steps=60)[0, 0]
        assert (path[0] == start).all() and len(path) == 61
        steps = np.linalg.norm(np.diff(path, axis=0), axis=-1)
        assert steps.max() == pytest.approx(jump, rel=1e-9)


def test_a_clip_bounds_every_jump_and_nothing_else_does():
    runs = cliff_runs.run(UNIT, FEW, cliff_runs.starts(0, 40), [0.1, 1.0], n_steps=200)
    bare, clipped = runs.jump[:, 0].max(axis=-1), runs.jump[:, 1].max(axis=-1)
    np.testing.assert_array_less(clipped, np.array([0.1, 1.0]) * (1 + 1e-12))
    assert (bare > 3 * clipped).all()
    assert not runs.thrown[:, 1].any() and runs.thrown[:, 0].any()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_success_of_200_starts_stays_in_its_band(seed):
    remedies = {
        "nothing": (Remedy(""), (0.18, 0.40), (0.55, 0.75)),
        "clip 1": (Remedy("", clip=1.0), (1, 1), (1, 1)),
        "L2 .001": (Remedy("", lam=1e-3), (0.28, 0.45), (0.84, 0.98)),
        "L2 .01": (Remedy("", lam=1e-2), (0.6, 0.82), (0, 0)),
        "L2 .1": (Remedy("", lam=0.1), (0, 0), (0, 0)),
        "L1 .001": (Remedy("", lam=1e-3, l1_ratio=1.0), (0.2, 0.37), (0.67, 0.89)),
        "both": (Remedy("", clip=0.1, lam=1e-3), (1, 1), (1, 1)),
    }
    rows = [remedy for remedy, *_ in remedies.values()]
    shares = cliff_runs.run(UNIT, rows, cliff_runs.starts(seed), [0.1, 1.0]).learned.mean(axis=-1)
    for j, (name, (_, *bands)) in enumerate(remedies.items()):
        for i, (low, high) in enumerate(bands):
            assert low <= shares[i, j] <= high, (name, i, shares[i, j])


def test_shares_are_words():
    counts = [0, 1, 99, 101, 170, 171, 199, 200]
    assert [share(n, 200) for n in counts] == [
        "none",
        *["less than half"] * 2,
        *["more than half"] * 2,
        *["more than 85 %"] * 2,
        "all",
    ]


@pytest.fixture(scope="module")
def scene():
    return cliff.Cliff(UNIT, [4.7, -2.3], [0.03, 1, 1000], [0, 1e-3, 0.1])


@pytest.mark.parametrize(
    ("clip", "lam", "words"),
    [
        (1000, 0, r"jump is 12; .*not learned: it lies on a plateau"),
        (1000, 1e-3, r"jump is 2\.9; .*, learned"),
        (1, 0, r"jump is 1; .*, learned"),
        (0.03, 0, r"jump is 0\.03; .*not learned: it is still on its way"),
        (1, 0.1, r"not learned: it has settled where loss plus penalty is least"),
    ],
)
def test_the_sentence_says_where_a_run_ended(scene, clip, lam, words):
    figure = style.new_figure((6, 6.6), layout="none")
    sentence = scene(figure, clip=clip, lam=lam)
    assert sentence.startswith(f"Clip {clip:g}, λ = {lam:g}: the largest")
    assert re.search(words, sentence)
    top, bottom = figure.axes
    assert top.images and len(bottom.lines) == 2
    np.testing.assert_array_equal(top.lines[1].get_xydata(), scene.paths[at(scene, clip, lam)])


def at(scene, clip, lam):
    return scene.clips.index(clip), scene.lams.index(lam)


def test_the_landscape_has_one_shade_for_each_band():
    ws, bs = np.linspace(-1, 6, 71), np.linspace(-4, 2, 61)
    picture = cliff.landscape(UNIT, ws, bs)
    assert picture.shape == (61, 71, 3)
    assert len(cliff.SHADES) == len(cliff.BANDS) == len(cliff.EDGES) + 1
    high = UNIT.value([-1.0, -4.0])
    assert high > cliff.EDGES[-1]
    assert style.mpl.colors.to_hex(picture[0, 0]) == cliff.SHADES[-1]


def test_the_figures_draw_what_they_are_given(scene):
    figure = style.new_figure((6, 7.4))
    alt = cliff.draw_wall(figure, UNIT, (10, 50), -2.5)
    assert "With 10 steps" in alt and "at w = 4.819." in alt
    assert len(figure.axes[0].lines) == 3 and figure.axes[1].images
    dashed = figure.axes[1].lines[0].get_xydata()
    assert (UNIT.growth(dashed[:, 1]) > 1).all()
    np.testing.assert_allclose(dashed[:, 0], UNIT.wall(dashed[:, 1]))
    figure = style.new_figure((6, 6))
    alt = cliff.draw_bounces(figure, UNIT, {"a": scene.paths[2, 0], "b": scene.paths[1, 0]})
    assert re.search(r"a: .*stride is 12\.2.* on a plateau\. b: .* in the valley\.", alt)
    titles = [axes.get_title("left") + axes.get_title("center") for axes in figure.axes]
    assert titles == ["a", "b"]
    figure = style.new_figure()
    shares = {"s": np.array([0.5, 1.0]), "t": np.zeros(2)}
    alt = cliff.draw_window(figure, np.array([0, 0.1]), shares)
    assert alt.endswith("s: less than half at 0, all at 0.1; t: none at 0, none at 0.1.")
    assert figure.axes[0].lines[0].get_ydata().tolist() == [50, 100]


def test_the_parts_of_the_runs_are_those_of_the_table_apart():
    counted = apart.read("cliff")
    tally = cliff_runs.tally(counted)
    parts = cliff.parts(tally, 2 * counted.of)
    assert list(parts) == ["step 0.1", "step 0.3", "step 1"]
    fresh, back, lost = parts["step 1"].values()
    i = cliff_runs.LAMS.index(1e-3)
    learned = sum(counted["learned: step 1, λ = 0.001"].learned)
    assert (fresh + back)[i] == pytest.approx(learned / 2400)
    assert (back + lost)[i] == pytest.approx(tally["thrown", 1.0, 1e-3] / 2400)
    figure = style.new_figure((6, 8))
    alt = cliff.draw_returned(figure, parts, cliff_runs.LAMS)
    assert f"thrown, not learned {lost[0]:.0%}," in alt
    bars = figure.axes[2].patches
    assert bars[i].get_height() == pytest.approx(100 * fresh[i])
    assert bars[i + 5].get_y() == pytest.approx(100 * fresh[i])


def test_the_tables_of_the_wall_name_its_limit_where_there_is_one(monkeypatch):
    shown = []
    monkeypatch.setattr(style, "table", lambda *told, caption: shown.append(told))
    cliff.tables_of_the_wall(UNIT, {(10, -2.5): (4.731, 3.94), (10, -1.5): (4.0, 0.46)})
    assert shown[0][1] == [["-2.5", "1.133", "3.94"], ["-1.5", "0.755", "0.46"]]
    assert shown[1][1] == [["-2.5", "4.731", "4.820"]]

"""The loops of the page follow the rules they play, and the figures show what they say."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import lsq_linear

from reglib.conventions import CONVENTIONS, translate
from reglib.losses import SquaredError
from reglib.solvers import ridge
from trial.chapters.conventions import figures as page
from trial.chapters.step_sizes.figures import box_minimum
from trial.data import FOLDER
from trial.page import style

RNG = np.random.default_rng(0)
X = RNG.normal(size=(30, 4))
Y = 7 * (X @ [1.0, -2.0, 0.5, 0.0] + RNG.normal(size=30))
Y = Y - Y.mean()


@pytest.mark.parametrize(
    ("name", "play"),
    [
        ("PyTorch, MSELoss", page.pytorch),
        ("PyTorch, MSELoss(reduction='sum')", lambda X, y, v: page.pytorch(X, y, v, "sum")),
        ("Keras L2, mse", page.keras),
        ("glmnet, alpha = 0", page.glmnet),
    ],
)
@pytest.mark.parametrize("lam", [0.01, 1.0])
def test_a_loop_that_plays_a_library_agrees_with_the_translation(name, play, lam):
    value = translate(lam, "ours", name, n=30, y_std=Y.std())
    np.testing.assert_allclose(play(X, Y, value), ridge(X, Y, lam), rtol=1e-9)
    assert np.abs(play(X, Y, 2 * value) - ridge(X, Y, lam)).max() > 1e-2


@pytest.mark.parametrize("edge", [0.1, 0.5, 1.2, 30.0])
def test_a_box_holds_the_least_squares_fit_of_two_columns(edge):
    pair, y = X[:, :2], Y / Y.std()
    expected = lsq_linear(pair, y, (-edge, edge), tol=1e-12).x
    np.testing.assert_allclose(box_minimum(SquaredError(pair, y), 1 / edge), expected, atol=1e-6)


def test_adamw_stays_in_its_box_and_a_sweep_of_decays_is_a_loop():
    pair, y = X[:, :2], Y / Y.std()
    together = page.decayed(pair, y, [0.5, 4.0], 0.1, 3000)
    for decay, w in zip([0.5, 4.0], together, strict=True):
        np.testing.assert_allclose(page.decayed(pair, y, [decay], 0.1, 3000)[0], w, rtol=1e-12)
        np.testing.assert_allclose(w, box_minimum(SquaredError(pair, y), decay), atol=0.02)


def test_the_numbers_of_a_frame_are_those_of_the_translator():
    figure = style.new_figure((6, 4), layout="none")
    sentence = page.draw_numbers(figure, n=100.0, lam=0.3)
    assert "alpha = 30 in Ridge, C = 0.0333 in LogisticRegression" in sentence
    assert "weight_decay = 0.6 in PyTorch with MSELoss and 60 with its sum" in sentence
    assert sentence.endswith("l2 = 0.3 in Keras.")
    drawn = figure.axes[0].lines[0].get_xdata()
    np.testing.assert_allclose(drawn[:3], [30, 0.3, 1 / 30])
    assert set(page.ROWS) <= set(CONVENTIONS)


@pytest.mark.parametrize("lam", [0.001, 1.0])
@pytest.mark.parametrize("n", [20, 5000])
def test_every_number_lies_within_the_frame(n, lam):
    figure = style.new_figure((6, 4), layout="none")
    page.draw_numbers(figure, n=n, lam=lam)
    (low, high), drawn = figure.axes[0].get_xlim(), figure.axes[0].lines[0].get_xdata()
    assert low < drawn.min() and drawn.max() < high


def test_the_figures_have_a_line_for_each_fit():
    fits = {name: np.zeros(4) for name in "abcdef"}
    figure = style.new_figure()
    page.draw_fits(figure, ("p", "q", "r", "s"), fits, fits)
    assert [len(axes.lines) for axes in figure.axes] == [6, 6]
    assert len(figure.legends[0].get_texts()) == 6
    figure = style.new_figure()
    page.draw_adamw(figure, np.zeros((5, 2)), np.zeros((5, 2)), np.ones((2, 2)), [1.0, 2.0])
    assert [text.get_text() for text in figure.axes[0].texts] == ["1", "2"]


def test_the_page_names_the_versions_that_were_recorded():
    made = json.loads((FOLDER / "recorded" / "conventions.json").read_text())["made_with"]
    pattern = r"PyTorch (\d+\.\d+)\S*, Keras (\d+\.\d+)\S* on it, glmnet (\S+) in R"
    torch, keras, glmnet = re.match(pattern, made).groups()
    other = json.loads((FOLDER / "recorded" / "linear_models.json").read_text())["made_with"]
    said = f"PyTorch {torch}, Keras {keras}, glmnet {'-'.join(glmnet.rsplit('.', 1))}, "
    said += "statsmodels {statsmodels}, XGBoost {xgboost}, LightGBM {lightgbm} and optax {optax}"
    page = Path(__file__).parents[2] / "notebooks" / "conventions.ipynb"
    assert said.format(**other) in page.read_text(encoding="utf-8")

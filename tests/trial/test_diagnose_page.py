"""The three runs of the chapter, its matrix in words, and its interactive figure."""

from pathlib import Path

import numpy as np
import pytest

from reglib.doctor import CAUSES, diagnose
from reglib.doctor.causes import REMEDIES
from trial.chapters.diagnose import figures as page
from trial.chapters.diagnose.traces_make import KNOWN
from trial.page import style
from trial.page.remedies import CHAPTERS

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def three():
    return page.patients()


def test_the_three_runs_are_diagnosed_as_what_they_are(three):
    assert list(three) == ["A", "B", "C"]
    for run in three.values():
        assert len(run.losses) == 80 and np.isfinite(run.losses).all()
        assert diagnose(run.losses, run.gradient_norms, run.learning_rates).cause == run.cause


def test_the_step_of_run_c_is_beyond_its_limit(three):
    np.testing.assert_allclose(three["C"].learning_rates, 1.08 * page.limit_of("C"))


def test_each_run_has_a_panel_with_its_loss_and_its_gradient(three):
    figure = style.new_figure()
    page.draw_three(figure, three)
    for axes, run in zip(figure.axes, three.values(), strict=True):
        loss, norm = axes.lines
        np.testing.assert_array_equal(loss.get_ydata(), run.losses)
        np.testing.assert_array_equal(norm.get_ydata(), run.gradient_norms)


def test_the_matrix_says_how_many_of_each_row_in_words():
    counts = np.zeros((len(KNOWN), len(CAUSES)), dtype=int)
    counts[np.arange(7), np.arange(7)] = 20
    counts[1, :3] = 1, 18, 1
    figure = style.new_figure()
    page.draw_confusion(figure, counts)
    (axes,) = figure.axes
    texts = {text.get_position(): text.get_text() for text in axes.texts}
    assert texts[0, 0] == "all" and texts[1, 1] == "most" and texts[0, 1] == texts[2, 1] == "few"
    assert texts[7, 0] == "" and len(axes.texts) == 56
    assert [t.get_text() for t in axes.get_yticklabels()][1] == f"{KNOWN[1]} (20)"


def test_the_short_names_stand_in_the_order_of_the_causes():
    for short, cause in zip(page.SHORT, CAUSES, strict=True):
        assert short in cause


def test_the_interactive_figure_reads_the_limit_off_the_trace():
    around = page.Around([0.4, 0.95, 1.1], [60, 8])
    sentences = {}
    for share, size in [(0.4, 60), (0.95, 60), (1.1, 60), (0.95, 8)]:
        figure = style.new_figure(layout="none")
        sentences[share, size] = around(figure, share=share, size=size)
        assert len(figure.axes[0].lines) == 2
    assert sentences[0.4, 60].startswith("Step 0.4 of the limit, all rows: healthy.")
    assert "oscillation at the edge. The fall of the loss says 0.95." in sentences[0.95, 60]
    assert "step too large. The growth of 1.2 a step says 1.10." in sentences[1.1, 60]
    assert "batches of 8" in sentences[0.95, 8] and "does not say" in sentences[0.95, 8]


def test_every_remedy_has_a_chapter_that_says_why():
    topics = {remedy.topic for remedy in sum(REMEDIES.values(), ())}
    assert topics == set(CHAPTERS)
    assert all((ROOT / "notebooks" / f"{chapter}.ipynb").is_file() for chapter in CHAPTERS.values())

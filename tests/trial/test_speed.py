"""The page on speed says what its files say."""

import pytest

from trial.chapters.speed import figures as speed


def row(ratio, goal="1", **more):
    spread = {"ratio": ratio, "ratio_low": ratio, "ratio_high": ratio, "goal": goal}
    words = {"work": "w", "data": "d", "rival": "r", "setting": "s", "note": ""}
    times = {"ours": "1", "theirs": "2", "ours_error": "1e-15", "theirs_error": "1e-04"}
    return words | times | spread | more


ROWS = [row("0.5"), row("2", "3"), row("1.5", "1"), row("0.2", ""), row("", note="missing")]


def test_wins_losses_and_goals_are_counted_and_what_is_missing_is_not():
    expected = {"comparisons": 4, "faster": 2, "goals": 3, "reached": 2}
    assert speed.counts(ROWS) == expected


def test_the_picture_has_a_dot_for_each_goal_in_the_form_of_its_verdict():
    (ax,) = speed.picture(ROWS).axes
    dots = [
        (line.get_marker(), line.get_xdata()[0]) for line in ax.lines if len(line.get_xdata()) == 1
    ]
    assert [dot for dot in dots if dot[0] in "oX"] == [("o", 0.5), ("o", 2.0), ("X", 1.5)]
    assert [x for marker, x in dots if marker == "|"] == [1, 3, 1]
    words = speed.said(ROWS)
    assert "3 goals" in words
    assert "lowest ratio is 0.5" in words
    assert "highest 2" in words


def test_the_table_shows_losses_beside_wins_and_says_what_is_missing():
    cells = speed.table(ROWS)
    assert len(cells) == len(ROWS)
    assert cells[2][2:4] == ["1.5 (1.5–1.5)", "1"]
    assert cells[4][2:] == ["–", "1", "1 ms, 1e-15", "missing"]


@pytest.mark.parametrize("exponent", [0.0, 1.0, 2.0])
def test_a_slope_is_the_exponent_of_the_larger_half(exponent):
    sizes = [1, 2, 4, 8, 16, 32]
    rows = [{"value": str(x), "ms": str(5.0 if x < 8 else 3 * x**exponent)} for x in sizes]
    assert speed.slope(rows) == pytest.approx(exponent)


def test_every_file_of_the_page_is_there_and_names_its_day():
    assert speed.compared(speed.results())
    assert "by `make bench`" in speed.machine()
    assert all(len(cells) == 5 for cells in speed.chapters())
    sizes = speed.growth()
    assert all(len(rows) >= 4 for rows in sizes.values())
    assert len(speed.growth_picture(sizes).axes) == len(sizes)
    assert all(size in speed.growth_said(sizes) for size in sizes)

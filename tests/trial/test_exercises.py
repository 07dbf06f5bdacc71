"""Exercises check themselves: solutions pass, blanks are open, near misses are refused."""

import ast
import re
from collections import Counter
from dataclasses import replace
from functools import cache
from pathlib import Path

import nbformat
import numpy as np
import pytest

import trial.page.exercises as practice
from trial.page.exercise import Exercise, Mistake
from trial.page.exercises import CHAPTERS, check, exercises, grade

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
AT_LEAST = 3
"""Exercises that every chapter has."""
every_exercise = pytest.mark.parametrize("exercise", exercises().values(), ids=exercises())


def notebook_of(chapter):
    """The file of a chapter: `05_the_program` for `program`."""
    name = re.compile(rf"\d\d_(the_)?{chapter}|{chapter}")
    return next(path for path in sorted(NOTEBOOKS.glob("*.ipynb")) if name.fullmatch(path.stem))


@cache
def checks(chapter):
    """Each check of a chapter as (id, whether its answer is a blank, what it printed, tags)."""
    found = []
    for cell in nbformat.read(notebook_of(chapter), as_version=4).cells:
        if cell.cell_type != "code" or "check(" not in cell.source:
            continue
        printed = "\n".join(o["data"]["text/plain"] for o in cell.outputs if "data" in o)
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "check":
                blank = "answer = ..." in cell.source
                found.append((node.args[0].value, blank, printed, cell.metadata.get("tags", [])))
    return found


def near_misses(exercise):
    """Answers just beside the right one, which must be refused."""
    right = exercise.right()
    if exercise.choices:
        return [word for word in exercise.choices if word != right]
    if exercise.at:
        off = 1 + 3 * max(exercise.rtol, 1e-6)
        return [lambda *a: off * np.asarray(right(*a)), lambda *a: -np.asarray(right(*a))]
    values = np.asarray(right, dtype=float)
    scale = np.abs(values).max() or 1.0
    moved = [values.copy() for _ in range(2)]
    moved[0].flat[-1] += 3 * exercise.rtol * scale or 1
    moved[1].flat[0] -= 3 * exercise.rtol * scale or 1
    return moved + ([-values] if values.any() else [])


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_chapter_has_its_exercises_in_its_notebook(chapter):
    own = [e.id for e in practice.import_module(f"trial.chapters.{chapter}.exercises").EXERCISES]
    assert len(own) >= AT_LEAST
    text = notebook_of(chapter).read_text(encoding="utf-8")
    asked = re.findall(r"### Exercise (\w+\.\d+): ", text)
    solved = re.findall(r"<summary>Solution (\w+\.\d+)</summary>", text)
    assert [id.removeprefix("ex-").upper() for id in own] == asked == solved
    counts = Counter((id, blank) for id, blank, _, _ in checks(chapter))
    assert counts == {(id, blank): 1 for id in own for blank in (True, False)}


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_solutions_are_right_and_blanks_are_open_as_committed(chapter):
    for id, blank, printed, tags in checks(chapter):
        assert f"{id}, {'open' if blank else 'right'}:" in printed
        assert tags == ["exercise" if blank else "solution"]


@every_exercise
def test_the_right_answer_passes_and_a_blank_is_answered_politely(exercise):
    assert grade(exercise, exercise.right()).state == "right"
    assert exercise.wanted in grade(exercise, ...).words
    assert grade(exercise, None).state == "open"


@every_exercise
def test_near_misses_are_refused(exercise):
    for answer in near_misses(exercise):
        assert grade(exercise, answer).state == "wrong"


@every_exercise
def test_a_known_mistake_gets_its_own_word(exercise):
    words = [mistake.hint for mistake in exercise.mistakes]
    assert len(set(words)) == len(words)
    for mistake in exercise.mistakes:
        assert grade(exercise, mistake.answer()) == practice.Grade("wrong", mistake.hint)


@every_exercise
def test_an_answer_of_another_kind_is_told_what_is_wanted(exercise):
    for answer in ("no such word", object(), [[1.0, 2.0]], np.nan, lambda: None):
        given = grade(exercise, answer)
        assert given.state == "unfit" and exercise.wanted in given.words


@every_exercise
def test_hints_are_sentences_and_do_not_repeat(exercise):
    texts = [*exercise.hints, exercise.because, *(m.hint for m in exercise.mistakes)]
    assert all(re.search(r"[.?!]$", text) for text in texts)
    assert not [text for text in texts if "$" in text or "\\" in text]  # shown as plain text
    assert not exercise.wanted.endswith(".")


NUMBER = Exercise(
    "ex-0.1",
    "a number: a half",
    lambda: 0.5,
    "Half of one.",
    ("Divide.", "Divide one by two."),
    (Mistake(lambda: 2.0, "Upside down."),),
)


def test_hints_grow_plainer_with_each_try():
    words = [grade(NUMBER, 7.0, tries).words for tries in range(4)]
    assert words == ["Hint 1 of 2: Divide."] + 3 * ["Hint 2 of 2: Divide one by two."]


def test_a_close_answer_needs_digits_not_another_idea():
    assert grade(NUMBER, 0.52).words.startswith("Close")
    assert grade(NUMBER, 0.504).state == "right"


def test_an_exact_count_has_no_tolerance():
    count = replace(NUMBER, right=lambda: 12, rtol=0.0)
    assert grade(count, 12).state == "right"
    assert grade(count, 13).state == "wrong"


def test_a_function_that_raises_or_returns_another_shape_is_told_so():
    double = replace(
        NUMBER, right=lambda: lambda x: 2 * x, at=((1.0,), (3.0,)), mistakes=NUMBER.mistakes
    )
    assert "ZeroDivisionError" in grade(double, lambda x: 1 / 0).words
    told = grade(double, lambda x: [x, x]).words
    assert "must return a single number, got the shape (2,)" in told
    assert "must be a function, got 2.0" in grade(double, 2.0).words


def test_a_function_is_measured_at_each_point_by_what_is_large_there():
    double = Mistake(lambda: lambda x: 2 * x, "That is twice x.")
    square = replace(
        NUMBER,
        right=lambda: lambda x: x**2,
        at=((1e-3,), (1e3,)),
        rtol=1e-6,
        mistakes=(double,),
    )
    assert grade(square, lambda x: x * x).state == "right"
    assert grade(square, lambda x: x * x + 1e-7).state == "wrong"


def test_a_function_that_writes_into_its_arguments_does_not_change_the_exercise():
    def center(u):
        u -= u.mean()
        return abs(u).sum()

    points = np.array([1.0, 2.0, 6.0])
    spread = replace(NUMBER, right=lambda: lambda u: abs(u - u.mean()).sum(), at=((points,),))
    assert grade(spread, center).state == "right"
    assert points.tolist() == [1.0, 2.0, 6.0]


def test_a_function_is_called_once_at_each_point():
    calls = []
    double = replace(NUMBER, right=lambda: lambda x: 2 * x, at=((1.0,), (3.0,)))
    assert grade(double, lambda x: calls.append(x) or 2 * x).state == "right"
    assert calls == [1.0, 3.0]


def test_an_imaginary_part_is_not_dropped():
    assert grade(NUMBER, np.complex128(0.5)).state == "right"
    for answer in (0.5 + 5j, np.complex128(0.5 + 5j), np.array(0.5 + 5j)):
        assert "imaginary" in grade(NUMBER, answer).words


def test_an_answer_too_long_to_print_is_only_unfit():
    word = replace(NUMBER, right=lambda: "a", choices=("a", "b"), mistakes=NUMBER.mistakes)
    function = replace(NUMBER, right=lambda: lambda x: x, at=((1.0,),))
    for exercise in (NUMBER, word, function):
        said = grade(exercise, 10**5000)
        assert said.state == "unfit" and len(said.words) < 400


def test_an_exercise_without_hints_or_mistakes_is_refused():
    with pytest.raises(ValueError, match="at least one hint and one mistake"):
        replace(NUMBER, hints=())
    with pytest.raises(ValueError, match="not both"):
        replace(NUMBER, choices=("a",), at=((1,),))


def test_check_counts_tries_and_starts_again_after_a_right_answer(monkeypatch):
    said = []
    monkeypatch.setattr(practice, "display", lambda data, raw: said.append(data))
    monkeypatch.setattr(practice, "exercises", lambda: {"ex-0.1": NUMBER})
    practice._tries.clear()
    for answer in (9, ..., 9, 0.5, 9):
        check("ex-0.1", answer)
    assert [data["text/plain"].split(": ", 1)[1][:8] for data in said] == [
        "Hint 1 o",
        "Wanted: ",
        "Hint 2 o",
        "Half of ",
        "Hint 1 o",
    ]
    assert "data-exercise" in said[1]["text/html"] and "data-exercise" not in said[0]["text/html"]


def test_the_word_to_a_known_mistake_costs_no_hint(monkeypatch):
    said = []
    monkeypatch.setattr(practice, "display", lambda data, raw: said.append(data["text/plain"]))
    monkeypatch.setattr(practice, "exercises", lambda: {"ex-0.1": NUMBER})
    practice._tries.clear()
    for answer in (2.0, 2.0, 0.52, 9):
        check("ex-0.1", answer)
    assert "Hint 1 of 2" in said[-1]


def test_an_unknown_exercise_is_an_error():
    with pytest.raises(KeyError, match="ex-99.1"):
        check("ex-99.1", 1)

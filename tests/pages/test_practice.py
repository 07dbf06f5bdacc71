"""Exercises and quizzes on the built pages answer as they do in a notebook."""

from importlib import import_module

import numpy as np
import pytest

from trial.page.exercises import LABELS, exercises, grade

pytestmark = pytest.mark.browser


PLACES = {"choosing_lambda": "08_choosing_lambda", "cliff": "11_cliff"}


def page_of(chapter):
    return f"notebooks/{PLACES[chapter]}.html"


def own(chapter):
    return import_module(f"trial.chapters.{chapter}.exercises").EXERCISES


# One script serves every page; these two have a count, a word, one number and several.
every_kind = pytest.mark.parametrize("chapter", PLACES)


# Type or choose an answer and send it; what the page says to it.
GIVE = """(box, answer) => {
  const field = box.querySelector("input, select");
  field.value = answer;
  for (const kind of ["input", "change"]) field.dispatchEvent(new Event(kind, { bubbles: true }));
  box.querySelector("button").click();
  return ["label", "words"].map((part) => box.querySelector(`.trial-check-${part}`).innerText);
}"""


class Box:
    """One exercise on a page."""

    def __init__(self, place):
        self.place = place
        name = place.query_selector(".trial-check-id").inner_text().removeprefix("Exercise ")
        self.exercise = exercises()[f"ex-{name}"]

    def give(self, answer):
        """What the page says to an answer: (label, words)."""
        return tuple(self.place.evaluate(GIVE, answer))

    def agrees(self, answer, tries=0):
        """Whether the page says to an answer what `check` says."""
        numbers = answer if self.exercise.choices else np.ravel(answer).tolist()
        typed = answer if self.exercise.choices else ", ".join(map(repr, numbers))
        said = grade(self.exercise, answer, tries)
        return self.give(typed) == (LABELS[said.state], said.words)


def boxes(page):
    return [Box(place) for place in page.query_selector_all(".trial-check[data-exercise]")]


def refuses_words(box):
    """What is no number is told so and costs no hint."""
    shape = np.shape(box.exercise.right())
    wanted = f"{shape[0]} numbers" if shape and shape[0] > 1 else "a number"
    for answer in ("a word", "nan", "1 " * (np.prod(shape, dtype=int) + 1)):
        assert box.give(answer) == ("Cannot be read", f"The answer must be {wanted}.")
    assert all(box.agrees(np.full(shape, -9.87e13), tries) for tries in range(3))


@every_kind
def test_what_needs_no_kernel_can_be_done_on_the_page(look, book, chapter):
    page = look(book + page_of(chapter), book, width=390)
    found = boxes(page)
    assert [box.exercise.id for box in found] == [e.id for e in own(chapter) if not e.at]
    for box in found:
        if not box.exercise.choices:
            refuses_words(box)
        answers = [*(mistake.answer() for mistake in box.exercise.mistakes), box.exercise.right()]
        assert all(box.agrees(answer) for answer in answers), box.exercise.id
    assert page.faults == []

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


class Box:
    """One exercise on a page."""

    def __init__(self, place):
        self.place = place
        name = place.locator(".trial-check-id").inner_text().removeprefix("Exercise ")
        self.exercise = exercises()[f"ex-{name}"]

    def give(self, answer):
        """Type or choose an answer, and read (label, words)."""
        field = self.place.locator("input, select")
        (field.select_option if self.exercise.choices else field.fill)(answer)
        self.place.locator("button").click()
        parts = (self.place.locator(f".trial-check-{part}") for part in ("label", "words"))
        return tuple(part.inner_text() for part in parts)

    def agrees(self, answer, tries=0):
        """Whether the page says to an answer what `check` says."""
        numbers = answer if self.exercise.choices else np.ravel(answer).tolist()
        typed = answer if self.exercise.choices else ", ".join(map(repr, numbers))
        said = grade(self.exercise, answer, tries)
        return self.give(typed) == (LABELS[said.state], said.words)


def boxes(page):
    return [Box(place) for place in page.locator(".trial-check[data-exercise]").all()]


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


def test_the_quiz_says_what_it_thinks_of_each_choice(look, book):
    page = look(book + page_of("choosing_lambda"), book)
    for place in page.locator(".trial-quiz fieldset").all():
        said = []
        for choice in place.locator("input").all():
            choice.check()
            said.append(place.locator("[role=status]").inner_text())
            assert said[-1] == choice.get_attribute("data-words")
        assert sorted({words.split(". ")[0] for words in said}) == ["No", "Right"]
        assert sum(words.startswith("Right. ") for words in said) == 1

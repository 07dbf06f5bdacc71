"""The quiz of a chapter: exactly one option is right, and it was computed."""

import ast
from pathlib import Path

import nbformat
import pytest

from trial.page import quizzes as practice
from trial.page.claims import LABELS, ledger
from trial.page.quizzes import question, quiz, verdict

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
WITHOUT = {"faq", "messages", "conventions", "data", "speed"}
"""Pages to look things up in: they teach no argument that a quiz could ask for."""
CHAPTERS = [path for path in NOTEBOOKS if path.stem not in WITHOUT]
AT_LEAST = 3


def asked(path):
    """The calls of question and verdict in a notebook's quiz, and what its cell printed."""
    cells = [
        c for c in nbformat.read(path, as_version=4).cells if "quiz" in c.metadata.get("tags", [])
    ]
    (cell,) = cells
    calls = [node for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Call)]
    return [c for c in calls if getattr(c.func, "id", "") in ("question", "verdict")], cell


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_ends_with_a_quiz(path):
    calls, cell = asked(path)
    assert len(calls) >= AT_LEAST
    printed = cell.outputs[0]["data"]["text/plain"]
    assert printed.count("\n   * ") == len(calls)


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_no_right_answer_is_typed(path):
    """A name in an option's expression means that something was computed."""
    calls, _ = asked(path)
    for call in calls:
        if call.func.id == "verdict":
            continue
        options = call.args[1] if len(call.args) > 1 else call.keywords[1].value
        values = options.values if isinstance(options, ast.Dict) else [options]
        values = [options.value] if isinstance(options, ast.DictComp) else values
        for value in values:
            assert any(isinstance(part, ast.Name) for part in ast.walk(value)), ast.unparse(value)


@pytest.mark.parametrize("id", [e.id for e in ledger().values() if e.kind == "claim"])
def test_the_ledger_answers_what_became_of_a_claim(id):
    assert verdict(id).right == LABELS[ledger()[id].verdict]
    assert ledger()[id].reason in verdict(id).because


@pytest.mark.parametrize("values", [(True, True), (False, False), (True,)], ids=str)
def test_exactly_one_option_must_be_true(values):
    with pytest.raises(ValueError, match="exactly one must be true"):
        question("Which?", {f"option {k}": value for k, value in enumerate(values)}, "Because.")


def test_an_option_must_be_a_boolean_and_why_must_speak_of_a_wrong_one():
    with pytest.raises(TypeError, match="'a' must be True or False, got 1"):
        question("Which?", {"a": 1, "b": False}, "Because.")
    for option in ("a", "c"):
        with pytest.raises(ValueError, match="options that are not true"):
            question("Which?", {"a": True, "b": False}, "Because.", why={option: "It is not."})


def test_every_choice_has_its_words_and_the_answers_stand_without_a_script(monkeypatch):
    said = []
    monkeypatch.setattr(practice, "display", lambda data, raw: said.append(data))
    why = {"b": "Too <large>."}
    quiz(question("Which `x`?", {"a": True, "b": False, "c": False}, "It is.", why=why))
    html = said[0]["text/html"]
    assert "<legend>1. Which <code>x</code>?</legend>" in html
    assert 'value="1" data-words="Right. It is."' in html
    assert 'value="" data-words="No. Too &lt;large&gt;."' in html
    assert f'value="" data-words="No. {practice.AGAIN}"' in html
    assert "<li>a. It is.</li>" in html
    assert said[0]["text/plain"] == "1. Which `x`?\n   * a\n   - b\n   - c"


def test_two_questions_are_two_groups_of_buttons():
    first, second = (question(ask, {"a": True, "b": False}, "So.") for ask in ("One?", "Two?"))
    names = {practice.fieldset(1, q).split('name="')[1].split('"')[0] for q in (first, second)}
    assert len(names) == 2

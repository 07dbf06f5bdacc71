"""A quiz at the end of a chapter: native radio buttons, an answer to each choice, no library.

Which option is right is computed: `verdict("C28")` asks the ledger, `question(...)` takes a boolean
for each option that the notebook computed above, and exactly one must come true. Without a script
the answers stand folded below.
(jupyterquiz was tried: its ids are drawn at random at each run, its questions exist only as a
script, its feedback is not announced, and where no MathJax is found it asks a host for it.)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from zlib import crc32

import numpy as np
from IPython.display import display

from trial.page.claims import LABELS, code_spans, ledger

# Keys are kept from JupyterLab, which would move between cells.
SCRIPT = """\
(() => {
  const quiz = document.currentScript.parentNode;
  quiz.addEventListener("change", ({ target }) => {
    const set = target.closest("fieldset"), chosen = target.closest("label");
    for (const label of set.querySelectorAll("label"))
      label.className = label === chosen ? (target.value ? "right" : "wrong") : "";
    set.querySelector("[role=status]").textContent = target.dataset.words;
  });
  quiz.addEventListener("keydown", (event) => event.stopPropagation());
  quiz.addEventListener("submit", (event) => event.preventDefault());
})();"""


AGAIN = "Think again, then choose again."


@dataclass(frozen=True)
class Question:
    """A question; of its options exactly one is true. `because` explains it.

    `why` says of other options what is wrong with them.
    """

    ask: str
    options: Mapping[str, bool]
    because: str
    why: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for option, value in self.options.items():
            if not isinstance(value, (bool, np.bool_)):
                raise TypeError(f"option {option!r} must be True or False, got {value!r}")
        if len(self.options) < 2 or sum(map(bool, self.options.values())) != 1:
            true = [option for option, value in self.options.items() if value]
            raise ValueError(f"of at least 2 options exactly one must be true, got {true}")
        if unknown := set(self.why) - set(self.options) | set(self.why) & {self.right}:
            raise ValueError(f"why must name options that are not true, got {sorted(unknown)}")

    @property
    def right(self) -> str:
        return next(option for option, value in self.options.items() if value)


def question(
    ask: str, options: Mapping[str, bool], because: str, why: Mapping[str, str] | None = None
) -> Question:
    """A question whose options map sentences to booleans computed in the notebook."""
    return Question(ask, options, because, why or {})


def verdict(id: str) -> Question:
    """What became of a claim? The ledger knows."""
    entry = ledger()[id]
    kinds = {"true", "conditional", "false"} | {entry.verdict}
    options = {label: kind == entry.verdict for kind, label in LABELS.items() if kind in kinds}
    notes = (entry.reason, entry.condition, entry.instead)
    ask = f"The article says, in our words: {entry.statement} What is the verdict?"
    return Question(ask, options, " ".join(note for note in notes if note))


def fieldset(number: int, asked: Question) -> str:
    """One question as HTML; its choices say what to think of them when they are chosen."""
    group = f"quiz-{crc32(asked.ask.encode()):08x}"
    choices = ""  # each in a div, a line of its own where the book's style is missing
    for option, value in asked.options.items():
        words = f"Right. {asked.because}" if value else f"No. {asked.why.get(option, AGAIN)}"
        choices += (
            f'<div><label><input type="radio" name="{group}" value="{"1" if value else ""}" '
            f'data-words="{escape(words)}"> <span>{code_spans(option)}</span></label></div>'
        )
    return (
        f"<fieldset><legend>{number}. {code_spans(asked.ask)}</legend>{choices}"
        '<p role="status"></p></fieldset>'
    )


def quiz(*questions: Question) -> None:
    """Display questions that answer each choice at once."""
    sets = "".join(fieldset(k, asked) for k, asked in enumerate(questions, start=1))
    answers = "".join(
        f"<li>{code_spans(asked.right)}. {code_spans(asked.because)}</li>" for asked in questions
    )
    html = (
        f'<form class="trial-quiz" autocomplete="off">{sets}'
        f"<details><summary>All answers</summary><ol>{answers}</ol></details>"
        f"<script>{SCRIPT}</script></form>"
    )
    plain = "\n".join(
        f"{k}. {asked.ask}\n"
        + "\n".join(
            f"   {'*' if value else '-'} {option}" for option, value in asked.options.items()
        )
        for k, asked in enumerate(questions, start=1)
    )
    display({"text/html": html, "text/plain": plain}, raw=True)

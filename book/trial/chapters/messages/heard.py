"""What a run says: its result, with every warning and error in words."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from typing import Any

from trial import data


def heard(run: Callable[[], Any]) -> tuple[Any, list[str]]:
    """The result (None after an error), and kind and first sentence of each thing said.

    >>> heard(lambda: [][1])
    (None, ['IndexError: list index out of range'])
    """
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            result, words = run(), []
        except Exception as problem:
            result, words = None, [f"{type(problem).__name__}: {_first(problem)}"]
    return result, [f"{w.category.__name__}: {_first(w.message)}" for w in said] + words


def _first(words: object) -> str:
    return str(words).splitlines()[0].split(". ")[0].rstrip(".")


def recorded() -> dict[str, str]:
    """What PyTorch said, by case, and its version; `record_messages.py` wrote it down."""
    path = data.FOLDER / "recorded" / "messages.json"
    return json.loads(path.read_text(encoding="utf-8"))

"""Copies of the notebooks to work in: `make lab` opens them, git does not see them.

`python -m trial.press.copies [--fresh]` makes lab/notebooks, and beside it the pages that notebooks
link to. Each copy knows in its metadata what it was made from: one whose cells are as they were
follows the book, one that a reader changed is theirs.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import nbformat
from nbformat import NotebookNode, ValidationError
from nbformat.sign import NotebookNotary

from trial.press import ROOT

MARK = "copy_of"
"""In a copy's metadata: digests of the book's file, and of the cells that were copied."""
FRESH = "`make lab FRESH=1` takes the book's and keeps yours beside it"


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:16]


def _cells(notebook: NotebookNode) -> str:
    """What a reader writes: the sources of the cells, not their outputs."""
    return _digest("\0".join(f"{cell.cell_type}\0{cell.source}" for cell in notebook.cells))


def _read(path: Path) -> NotebookNode | None:
    """The notebook in a file; None where there is none that can be read."""
    try:
        return nbformat.read(path, as_version=4)
    except (ValueError, AttributeError, ValidationError):
        return None


def _copy(source: Path, copy: Path) -> None:
    text = source.read_text(encoding="utf-8")
    notebook = nbformat.reads(text, as_version=4)
    notebook.metadata[MARK] = {"file": _digest(text), "cells": _cells(notebook)}
    copy.write_text(nbformat.writes(notebook), encoding="utf-8")


def bring(source: Path, copy: Path, fresh: bool = False) -> str:
    """Make a copy or leave it as it is; returns what its reader should hear, "" for nothing.

    One that a reader changed is replaced only when `fresh`, and kept as NAME.yours.ipynb.
    """
    if not copy.exists():
        _copy(source, copy)
        return ""
    notebook = _read(copy)
    made = notebook.metadata.get(MARK, {}) if notebook else {}
    newer = made.get("file") != _digest(source.read_text(encoding="utf-8"))
    if notebook and made.get("cells") == _cells(notebook):
        if fresh or newer:
            _copy(source, copy)
        return ""
    if fresh:
        kept = copy.replace(copy.with_suffix(".yours.ipynb"))
        _copy(source, copy)
        return f"{copy.name} is the book's again, what you wrote is in {kept.name}"
    if not notebook:
        return f"{copy.name} is no notebook that can be read: {FRESH}"
    return f"{copy.name} is as you left it, the book has another one now: {FRESH}" if newer else ""


def main(arguments: Sequence[str], root: Path = ROOT) -> int:
    """Bring all copies up to date and trust them, so that saved figures and quizzes answer."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fresh", action="store_true", help="start again")
    fresh = parser.parse_args(arguments).fresh
    lab, notary = root / "lab", NotebookNotary()
    for room in ("book", "notebooks"):
        (lab / room).mkdir(parents=True, exist_ok=True)
    for page in (root / "book").glob("*.md"):
        shutil.copy(page, lab / "book")
    for source in sorted((root / "notebooks").glob("*.ipynb")):
        copy = lab / "notebooks" / source.name
        if said := bring(source, copy, fresh):
            print(said)
        if notebook := _read(copy):
            notary.sign(notebook)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

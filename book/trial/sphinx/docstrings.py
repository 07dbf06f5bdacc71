"""Docstrings are written for a terminal: `code` in backticks, formulas as plain text.

reStructuredText would read `|w|` as a substitution, `w*` as emphasis and `x_` as a link, so these
signs are escaped before autodoc parses a docstring. Examples and literal blocks stay as they are.
"""

from __future__ import annotations

import re
from typing import Any

from sphinx.application import Sphinx

CODE = re.compile(r"(``[^`]+``|`[^`]+`)")
SIGNS = re.compile(r"[|*]|(?<=\w)_(?!\w)")


def escape_line(line: str) -> str:
    """Escape the signs outside `code`; a bullet at the start of the line is no sign."""
    parts = CODE.split(line)
    parts[::2] = [SIGNS.sub(r"\\\g<0>", part) for part in parts[::2]]
    return re.sub(r"^(\s*)\\\* ", r"\1* ", "".join(parts))


def escape(app: Sphinx, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Escape one docstring in place, line by line."""
    verbatim = ""  # why the present lines are left alone: "example" or "literal"
    for i, line in enumerate(lines):
        if line.lstrip().startswith(">>>"):
            verbatim = "example"
        elif verbatim == "example" and not line.strip():
            verbatim = ""
        elif verbatim == "literal" and line.strip() and not line[0].isspace():
            verbatim = ""
        if not verbatim:
            lines[i] = escape_line(line)
            verbatim = "literal" if line.rstrip().endswith("::") else ""


def setup(app: Sphinx) -> None:
    """Connect to Sphinx, ahead of numpydoc, which adds reStructuredText of its own."""
    app.connect("autodoc-process-docstring", escape, priority=100)

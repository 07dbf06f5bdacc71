"""Mathematics as HTML and MathML at build time: readers load a style sheet, no script.

KaTeX runs inside Python (mini-racer), so neither Node nor a network is needed. A formula that
KaTeX refuses is a Sphinx warning with its place in the source, and `-W` fails on it.
"""

from __future__ import annotations

import html
import json
import os
import re
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from docutils import nodes
from py_mini_racer import MiniRacer
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number
from sphinx.writers.html5 import HTML5Translator

from trial.sphinx.numbers import equation

logger = logging.getLogger(__name__)

KATEX = Path(__file__).resolve().parents[2] / "theme" / "vendor" / "katex" / "katex.min.js"
RENDER = """
function render(tex, displayMode, macros) {
  const options = {displayMode, macros, throwOnError: true, strict: "error",
                   output: "htmlAndMathml"};
  try { return JSON.stringify({html: katex.renderToString(tex, options)}); }
  catch (error) { return JSON.stringify({error: error.message}); }
}
"""
# Sphinx numbers these environments; with a star KaTeX does not number them a second time.
NUMBERED = re.compile(r"\\(begin|end)\{(equation|align|gather|alignat)\}")
# After an operator in an index KaTeX writes an "apply", which MathML does not allow there.
APPLIED = re.compile(
    "(<msubsup><m[ino]>[^<]*</m[ino]><mi>[a-z]+</mi>)<mo>\u2061</mo>|<mo>\u2061</mo>(?=</m(?:sub|sup)>)"
)


@lru_cache(maxsize=1)
def _katex(process: int) -> MiniRacer:
    """Make one engine a process: an engine does not survive the fork of a parallel build."""
    engine = MiniRacer()
    engine.eval(KATEX.read_text("utf-8"))
    engine.eval(RENDER)
    return engine


@cache
def katex(tex: str, display: bool, macros: str) -> tuple[str, str]:
    """Return (html, error) of one formula; `macros` is a JSON object."""
    answer = json.loads(_katex(os.getpid()).call("render", tex, display, json.loads(macros)))
    return APPLIED.sub(r"\1", answer.get("html", "")), answer.get("error", "")


def display_source(tex: str, nowrap: bool) -> str:
    """Read displayed TeX as Sphinx does: blank lines and bare line breaks part the rows."""
    tex = NUMBERED.sub(r"\\\1{\2*}", tex.strip())
    if nowrap:
        return tex
    tex = r" \\ ".join(part.strip() for part in re.split(r"\n\s*\n", tex))
    bare_rows = r"\\" in tex and r"\begin" not in tex
    return rf"\begin{{aligned}}{tex}\end{{aligned}}" if bare_rows else tex


def _render(translator: HTML5Translator, node: nodes.Element, tex: str, display: bool) -> str:
    macros = json.dumps(translator.config.trial_macros, sort_keys=True)
    markup, error = katex(tex, display, macros)
    if error:
        logger.warning("%s in %r", error, tex, location=node, type="trial", subtype="math")
        return f'<code class="math-error">{html.escape(tex)}</code>'
    return markup


def visit_inline(self: HTML5Translator, node: nodes.math) -> None:
    """Write a formula inside a line."""
    markup = _render(self, node, node.astext(), display=False)
    start = self.starttag(node, "span", "", CLASS="math notranslate nohighlight")
    self.body.append(f"{start}{markup}</span>")
    raise nodes.SkipNode


def visit_block(self: HTML5Translator, node: nodes.math_block) -> None:
    """Write a displayed formula, its number and its link.

    The name is read out when the formula takes the focus, which it does only while it is wider
    than the page (see trial.js).
    """
    counted = get_node_equation_number(self, node) if node.get("number") else ""
    number = equation(node.get("label") or "", counted) if counted else ""
    markup = _render(self, node, display_source(node.astext(), node.get("nowrap", False)), True)
    name = f"equation {number}".strip()
    self.body.append(self.starttag(node, "div", CLASS="math notranslate nohighlight"))
    self.body.append(f'<div class="math-scroll" data-scroll-name="{name}">{markup}</div>')
    if number:
        self.body.append(f'<span class="eqno">({number})')
        self.add_permalink_ref(node, "Link to this equation")
        self.body.append("</span>")
    self.body.append("</div>\n")
    raise nodes.SkipNode


def style_page(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Ask for the style sheet only where there is a formula (the table of contents counts)."""
    context["has_math"] = "katex" in context.get("body", "") + str(context.get("title", ""))
    if context["has_math"]:
        app.add_css_file("katex/katex.min.css", priority=400)


def setup(app: Sphinx) -> None:
    """Connect to Sphinx; with another renderer than its own, MathJax is not loaded."""
    app.add_config_value("trial_macros", {}, "html", dict)
    app.add_html_math_renderer("katex", (visit_inline, None), (visit_block, None))
    app.connect("html-page-context", style_page)

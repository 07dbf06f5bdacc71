"""Styles, scripts and templates of the book, and what the stock theme ships in vain.

The style sheet is written as one file an idea in `css/` and served as one file.
"""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config

THEME = Path(__file__).resolve().parents[2] / "theme"


def style_sheet() -> str:
    """The book's style sheet: the parts of `css/` in the order of their numbers."""
    return "\n".join(part.read_text("utf-8") for part in sorted((THEME / "css").glob("*.css")))


def register_paths(app: Sphinx, config: Config) -> None:
    """Add the static folder, and our templates in front of those of the stock theme."""
    config.html_static_path.append(str(THEME / "static"))
    config.templates_path.insert(0, str(THEME / "templates"))
    # A changed style changes the address under which pages ask for it, so pages are written anew.
    config.trial_style = hashlib.sha256(style_sheet().encode()).hexdigest()
    # After the stock themes' own style sheets (priority 500): ours has the last word.
    app.add_css_file("trial.css", priority=900)
    app.add_js_file("trial.js", loading_method="defer")


def without_lines(html: str, *words: str) -> str:
    """Drop the lines of a rendered template block that name one of the words."""
    return "\n".join(line for line in html.split("\n") if not any(word in line for word in words))


def prepare_html(app: Sphinx) -> None:
    """Write the style sheet; let `layout.html` drop single lines of a stock block."""
    if app.builder.format == "html":
        static = Path(app.outdir, "_static")
        static.mkdir(parents=True, exist_ok=True)
        (static / "trial.css").write_text(style_sheet(), "utf-8")
        app.builder.templates.environment.filters["without_lines"] = without_lines


def slim(app: Sphinx, exception: Exception | None) -> None:
    """Take out what no page asks for: source maps, two scripts, the icon font."""
    if exception is not None or app.builder.format != "html":
        return
    static = Path(app.outdir, "_static")
    scripts = [*static.glob("scripts/fontawesome.js*"), *static.glob("scripts/bootstrap.js*")]
    for path in [*static.rglob("*.map"), *scripts]:
        path.unlink(missing_ok=True)  # one file may match both patterns
    shutil.rmtree(static / "vendor" / "fontawesome", ignore_errors=True)


def setup(app: Sphinx) -> None:
    """Connect to Sphinx."""
    app.add_config_value("trial_style", "", "html", str)
    app.connect("config-inited", register_paths)
    app.connect("builder-inited", prepare_html)
    app.connect("build-finished", slim)

"""Stock scripts out of the way of the first paint, and without work that trial.js does once."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.builders.html._assets import _JavaScript
from sphinx.util import logging

logger = logging.getLogger(__name__)

# Lines in the head speak to it at once.
AT_ONCE = "documentation_options.js"
THEME = "scripts/pydata-sphinx-theme.js"
# At its end the theme asks every listing, also those that are folded away, whether it scrolls, and
# answers before it asks the next, so that each is laid out alone. trial.js asks all, then answers.
STOPS = re.compile(r',"complete"===document\.readyState\?(\w+)\(\):window\.\w+\("load",\1\)')
DONE = "/* trial.js sets the tab stops */"


def wait(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Let the scripts of a page run in their order once it is read, as the theme's own do."""
    if page == "search":
        return  # its own scripts, which stand elsewhere, need the others at once
    context["script_files"] = [deferred(script) for script in context["script_files"]]


def deferred(script: Any) -> Any:
    """The script as one that waits, unless it stands in the page itself or is needed at once."""
    if not getattr(script, "filename", "") or Path(script.filename).name == AT_ONCE:
        return script
    return _JavaScript(
        script.filename, priority=script.priority, **script.attributes | {"defer": "defer"}
    )


def drop_stops(app: Sphinx, exception: Exception | None) -> None:
    """Take the tab stops out of the theme's script."""
    if exception is not None or app.builder.format != "html":
        return
    path = Path(app.outdir, "_static", THEME)
    text = path.read_text("utf-8")
    if DONE in text:
        return
    text, found = STOPS.subn("", text)
    if found != 1:
        logger.warning("the tab stops of %s are not where they were", THEME)
    path.write_text(f"{text}\n{DONE}\n", "utf-8")


def setup(app: Sphinx) -> None:
    """Connect to Sphinx, after everybody who adds scripts or takes them away."""
    app.connect("html-page-context", wait, priority=960)
    app.connect("build-finished", drop_stops, priority=900)

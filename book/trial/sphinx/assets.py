"""A page asks for one sheet of stock styles, and only for scripts that something on it uses."""

from __future__ import annotations

import hashlib
import posixpath
import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging

from trial.sphinx import purge

logger = logging.getLogger(__name__)

# The stock style sheets in the order in which they are to be read. One request instead of ten.
BUNDLE = "stock.css"
SHEETS = (
    "basic.css",
    "styles/pydata-sphinx-theme.css",
    "pygments.css",
    "styles/sphinx-book-theme.css",
    "katex/katex.min.css",
    "togglebutton.css",
    "copybutton.css",
    "mystnb.*.css",
    "sphinx-design.min.css",
)
RELATIVE = re.compile(r"url\((?!data:|[\"'#])([^)]+)\)")
ICON_FONT = re.compile(r'@font-face\{[^}]*fontawesome[^}]*\}|\.fa-[^{}]*:before\{content:"[^"]*"\}')
FIRST_ONLY = re.compile(r"@charset[^;]*;|/\*# sourceMappingURL.*?\*/")
# Start of a file name -> words of which one must stand in the page's body for it to be of use.
USED_BY = {
    "exercise.css": None,  # our own boxes style these; the stock ones call for an icon font
    "proof.css": None,
    "design-tabs.js": "sd-tab-set",
    "togglebutton": "dropdown|toggle|tag_hide",
    "mystnb": "cell docutils|cell tag_",  # a page may have tagged cells only
    "copybutton": 'class="highlight',
    "clipboard.min.js": 'class="highlight',
}


def used(asset: Any, body: str) -> bool:
    """Whether a page with this body needs the asset; unknown assets always count as needed."""
    name = str(getattr(asset, "filename", asset) or "").rpartition("/")[2]
    for start, mark in USED_BY.items():
        if name.startswith(start):
            return mark is not None and any(word in body for word in mark.split("|"))
    return True


def drop_unused(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Shorten the two lists of one page."""
    body = context.get("body", "")
    context["script_files"] = [asset for asset in context["script_files"] if used(asset, body)]
    context["css_files"] = [s for s in context["css_files"] if not bundled(s) and used(s, body)]


def bundled(asset: Any) -> bool:
    """Whether the bundle holds this style sheet."""
    name = str(getattr(asset, "filename", asset) or "").removeprefix("_static/")
    return any(Path(name).match(sheet) for sheet in SHEETS)


def anchored(path: Path, static: Path) -> str:
    """One stock style sheet, with addresses that are right from the folder of the bundle."""
    folder = path.parent.relative_to(static).as_posix()

    def here(found: re.Match[str]) -> str:
        return f"url({posixpath.normpath(posixpath.join(folder, found[1]))})"

    return RELATIVE.sub(here, FIRST_ONLY.sub("", path.read_text("utf-8")))


def bundle(app: Sphinx, exception: Exception | None) -> None:
    """Write the stock style sheets as one, without what no page can show; take them away."""
    if exception is not None or app.builder.format != "html":
        return
    static = Path(app.outdir, "_static")
    found = {sheet: sorted(static.glob(sheet)) for sheet in SHEETS}
    sheets = [path for paths in found.values() for path in paths]
    if all(found.values()):
        whole = ICON_FONT.sub("", "\n".join(anchored(path, static) for path in sheets))
        Path(app.doctreedir, BUNDLE).write_text(whole, "utf-8")  # the tests compare the two
        write_used(whole, Path(app.outdir), static / BUNDLE)
    elif not (static / BUNDLE).exists():  # else no page was written, and so not every sheet
        missing = ", ".join(sheet for sheet, paths in found.items() if not paths)
        logger.warning("no style sheet %s", missing)
    for path in sheets:
        path.unlink()


def write_used(css: str, out: Path, path: Path) -> None:
    """Write what all pages of the output need, also those that this build has not touched."""
    pages = [p for p in sorted(out.rglob("*.html")) if "_static" not in p.relative_to(out).parts]
    scripts = sorted((out / "_static").rglob("*.js"))
    names = purge.find_names(*([p.read_text("utf-8") for p in some] for some in (pages, scripts)))
    ours = (out / "_static" / "trial.css").read_text("utf-8")
    known = [Path(purge.__file__).read_text("utf-8"), css, ours, names.starts, names.ends]
    digest = hashlib.sha256(repr([*known, sorted(names.whole)]).encode()).hexdigest()
    first = f"/* The stock styles that this book uses, of {digest[:16]} */"
    if not (path.exists() and path.read_text("utf-8").startswith(first)):
        path.write_text(f"{first}\n{purge.purge(css, names, ours)}", "utf-8")


def setup(app: Sphinx) -> None:
    """Connect to Sphinx, after everybody who adds assets in the same event."""
    app.connect("html-page-context", drop_unused, priority=950)
    app.connect("build-finished", bundle, priority=900)  # after the last change of a page

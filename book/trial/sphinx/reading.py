"""Around a chapter: how long it takes, how to take it along, and the table of run times.

Seconds are known where this build, or an earlier one with the same library, executed the notebook;
pages built from committed outputs say nothing about them.
"""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxDirective

from trial.sphinx.chapters import Chapter

RUN_TIMES = "<!-- run times -->"


def seconds(env: BuildEnvironment, page: str) -> float | None:
    """How long the notebook ran, or None."""
    ran = env.nb_metadata.get(page, {}).get("exec_data") or {}
    return ran.get("runtime")


def line(chapter: Chapter, ran: float | None) -> str:
    """What stands under the title."""
    words = f"About {chapter.minutes} minutes to read."
    if ran is not None:
        words += f" Its code ran in {ran:.0f} s when this page was built."
    return f'<p class="chapter-line">{words}</p>'


def along(notebook: str, address: str) -> str:
    """What stands at a chapter's end: the notebook, and what it needs."""
    return (
        '<div class="chapter-end"><p><strong>Run it yourself.</strong> '
        f'<a href="{escape(address)}" download>Download this notebook</a>. It needs '
        "<code>reglib</code>, the library in the book’s repository, so clone that: "
        "<code>make lab</code> installs everything into a folder of its own and opens JupyterLab, "
        f"where <code>{escape(notebook)}</code> is waiting.</p></div>"
    )


def run_times(env: BuildEnvironment) -> str:
    """A table of all notebooks by run time."""
    rows = [
        (Chapter(Path(env.doc2path(page))).title, ran)
        for page in sorted(env.found_docs)
        if (ran := seconds(env, page)) is not None
    ]
    if not rows:
        return "<p>These pages were built from the committed outputs: nothing was run.</p>"
    rows.append(("All", sum(ran for _, ran in rows)))
    body = "".join(
        f'<tr><th scope="row">{escape(title)}</th><td>{ran:.1f}</td></tr>' for title, ran in rows
    )
    return (
        '<table class="trial-table"><caption>Run time of each notebook</caption><thead><tr>'
        f'<th scope="col">Notebook</th><th scope="col">Seconds</th></tr></thead>'
        f"<tbody>{body}</tbody></table>"
    )


class RunTimes(SphinxDirective):
    """The place of the table: run times are known once every page was read."""

    def run(self) -> list[nodes.Node]:
        """Leave a mark, and remember the page."""
        self.env.trial_timed = self.env.docname
        return [nodes.raw("", RUN_TIMES, format="html")]


def write_again(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """A notebook was read and its time has changed: the table is written anew."""
    timed, before = getattr(env, "trial_timed", None), getattr(env, "trial_times", None)
    env.trial_times = run_times(env)
    return [timed] if timed in env.found_docs and env.trial_times != before else []


def surround(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Complete the body of one page."""
    body = context.get("body", "")
    if RUN_TIMES in body:
        context["body"] = body.replace(RUN_TIMES, run_times(app.env))
    if page not in app.env.found_docs or not app.env.doc2path(page).endswith(".ipynb"):
        return
    chapter = Chapter(Path(app.env.doc2path(page)))
    address = context["pathto"](f"_sources/{context['sourcename']}", resource=True)
    context["body"] = body.replace(
        "</h1>", "</h1>\n" + line(chapter, seconds(app.env, page)), 1
    ) + along(f"{page}.ipynb", address)


def setup(app: Sphinx) -> None:
    """Connect to Sphinx, ahead of the last touches on a page."""
    app.add_directive("run-times", RunTimes)
    app.connect("env-get-updated", write_again)
    app.connect("html-page-context", surround, priority=400)

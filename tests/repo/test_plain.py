"""A notebook reads right wherever it is opened: standard Markdown, standard TeX, links that lead.

Parsed as CommonMark with mathematics between dollars, and set by KaTeX without a macro of ours.
"""

import json
import re
from functools import cache
from pathlib import Path

import nbformat
import pytest
from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin

from trial.press import bibliography
from trial.sphinx import plain
from trial.sphinx.math import katex

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "notebooks"
CHAPTERS = sorted(FOLDER.glob("*.ipynb"))
READER = MarkdownIt("commonmark").enable("table").use(dollarmath_plugin)
OURS = {
    "a role": r"(?<!`)\{[\w:-]+\}`",
    "a directive": r"^(?:> ?)*(?:`{3,}|:{3,})\s*\{",
    "a label": r"^\([\w-]+\)=|^(?:> ?)*\$\$ ?\(",
    "an option": r"^:[\w-]+:",
    # JupyterLab takes formulas out before it reads the quote: its marks would stand in them
    "a formula over lines of a quote": r"^> *\$\$(?!.*\$\$ *$)",
}


def complaints(text, folder=FOLDER):
    """What a plain viewer would show raw, or lead nowhere with, in one Markdown cell."""
    outside = plain.FENCE.sub("", text)
    found = [name for name, sign in OURS.items() if re.search(sign, outside, re.M)]
    if re.search(r"^(`{3,})\{", text, re.M) and "a directive" not in found:
        found.append("a directive")
    for token in tokens(text):
        if token.type.startswith("math"):
            _, problem = katex(token.content, "block" in token.type, json.dumps({}))
            found += [f"TeX: {problem}"] if problem else []
        elif token.type == "link_open" and (where := leads(token.attrs["href"], folder)):
            found.append(where)
    fenced = "\n".join(fence[0] for fence in plain.FENCE.finditer(text)).splitlines()
    found += [f"code of {len(line)} columns" for line in fenced if len(line) > 78]
    if text.count("<details>") != text.count("</details>"):
        found.append("an open <details>")
    closed = re.findall(
        r"^<details>\n<summary>.+</summary>\n\n(?:.|\n)*?\n\n</details>$", text, re.M
    )
    if len(closed) != text.count("<details>"):
        found.append("<details> without blank lines inside")
    return found


def tokens(text):
    for token in READER.parse(text):
        yield from token.children or [token]


def leads(href, folder):
    """ "" for a link that leads to a file, and to a heading of it in lower case."""
    if re.match(r"https?:", href):
        return ""
    name, _, anchor = href.partition("#")
    target = (folder / name).resolve()
    if not name or not target.is_file():
        return f"a link to nothing: {href}"
    if anchor and target.suffix == ".ipynb":
        return f"a link into a notebook: {href}"
    if anchor and anchor not in headings(target):
        return f"no heading {anchor} in {target.name}"
    return ""


@cache
def headings(page):
    """Headings that are their own anchor: JupyterLab keeps the case, GitHub and Sphinx do not."""
    return set(re.findall(r"^#+ ([a-z0-9][\w-]*)$", page.read_text("utf-8"), re.M))


def folds(cell):
    """What is wrong with how a code cell is folded in JupyterLab and Colab."""
    tags = set(cell.metadata.get("tags", []))
    jupyter = cell.metadata.get("jupyter", {})
    hidden = bool(tags & {"hide-input", "quiz", "solution"})
    if re.search(r"^claim\(", cell.source, re.M) and hidden:
        yield "a claim cell is folded"
    if bool(jupyter.get("source_hidden")) != hidden:
        yield "source_hidden does not go with its tags"
    if (cell.metadata.get("cellView") == "form") != hidden:
        yield "Colab's form does not go with its tags"
    if bool(jupyter.get("outputs_hidden")) != ("solution" in tags):
        yield "outputs_hidden does not go with its tags"
    if "solution" in tags and not cell.source.startswith("# Solution "):
        yield "a folded solution shows its first line, so that is a comment"  # in JupyterLab


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_notebook_is_plain_markdown(path):
    cells = nbformat.read(path, as_version=4).cells
    written = [cell.source for cell in cells if cell.cell_type == "markdown"]
    assert [found for text in written for found in complaints(text)] == []


@pytest.mark.parametrize("page", ["glossary", "bibliography", "notation"])
def test_a_page_that_notebooks_link_to_is_plain_too(page):
    path = ROOT / "book" / f"{page}.md"
    assert complaints(path.read_text("utf-8"), path.parent) == []


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_what_the_page_folds_is_folded_everywhere_and_claims_are_open(path):
    cells = nbformat.read(path, as_version=4).cells
    found = [(k, w) for k, c in enumerate(cells) if c.cell_type == "code" for w in folds(c)]
    assert found == []


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("the {term}`gain`", "a role"),
        ("```{note}\nx\n```", "a directive"),
        ("(chapter-x)=\n# Why?", "a label"),
        ("$$\nx\n$$ (eq-x)", "a label"),
        ("> $$\n> x\n> $$ (eq-x)", "a label"),
        (r"$\norm{w}$", "TeX"),
        (r"$\lam$", "TeX"),
        ("$$\n\\frac{1}\n$$", "TeX"),
        ("> $$\n> x\n> $$", "over lines of a quote"),
        ("[x](../book/glossary.md#no-such-word)", "no heading"),
        ("[x](../book/nowhere.md)", "nothing"),
        ("[x](03_one_step.ipynb#What)", "into a notebook"),
        ("[x](#here)", "nothing"),
        ("<details>\n<summary>Proof</summary>\n\nx", "open"),
        ("<details>\n<summary>Proof</summary>\nx\n</details>", "blank lines"),
        (f"```python\nx = {'1' * 75}\n```", "79 columns"),
    ],
)
def test_a_planted_fault_is_found(text, word):
    assert any(word in found for found in complaints(text))


def test_a_solution_that_would_answer_while_it_is_folded_is_found():
    hidden = {"source_hidden": True, "outputs_hidden": True}
    about = {"tags": ["solution"], "jupyter": hidden, "cellView": "form"}
    told, kept = (nbformat.v4.new_code_cell(s, metadata=about) for s in ("w = 2", "# Solution 1.1"))
    assert len(list(folds(told))) == 1
    assert list(folds(kept)) == []


@pytest.mark.parametrize(
    "text",
    [
        "[gain](../book/glossary.md#gain), [A 2013](../book/bibliography.md#pascanu2013)",
        "[T3](../book/proofs.md#t3), [a chapter](03_one_step.ipynb), `{x}` and (3.1)",
        "```python\nf'{name}`'\n```",
        "$$\n\\lVert w \\rVert\n\\tag{3.1}\n$$",
        "> **Theorem (T).** Let\n>\n> $$x \\tag{1.1}$$",
        "<details>\n<summary>Proof</summary>\n\nx\n\n</details>",
    ],
)
def test_what_is_allowed_is_not_complained_of(text):
    assert complaints(text) == []


def test_the_bibliography_is_what_the_references_say():
    assert bibliography.PAGE.read_text("utf-8") == bibliography.text()


WORDS = {"step-limit": "step limit", "over-fitting": "over-fitting"}


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (
            "> **Predict before you run.** Will it?",
            "```{admonition} Predict before you run\n:class: prediction\nWill it?\n```\n",
        ),
        (
            "> **You may have read: a is b.** No.",
            "```{admonition} You may have read: a is b\n:class: myth\nNo.\n```\n",
        ),
        (
            "> **Theorem (A, b).** Let\n>\n> $$x \\tag{3.1}$$",
            "```{prf:theorem} A, b\n:label: thm-a-b\nLet\n\n$$\nx\n$$ (eq-3-1)\n```\n",
        ),
        ("> Nothing known.", "> Nothing known."),
        ("by (3.1) and (7.2), f(3.1)", "by {eq}`eq-3-1` and (7.2), f(3.1)"),
        ("by [(7.2)](07_step_sizes.ipynb)", "by {eq}`eq-7-2`"),
        ("a [limit](../book/glossary.md#step-limit)", "a {term}`limit <step limit>`"),
        ("[it](../book/glossary.md#over-fitting)", "{term}`it <over-fitting>`"),
        ("in $[0, 1)$ a [wall](../book/glossary.md#wall)", "in $[0, 1)$ a {term}`wall <wall>`"),
        (
            "so ([A 1](../book/bibliography.md#a1); [B 2](../book/bibliography.md#b2)).",
            "so {cite:p}`a1,b2`.",
        ),
        ("[A 1](../book/bibliography.md#a1) says", "{cite:t}`a1` says"),
        ("[T3](../book/proofs.md#t3)", "{prf:ref}`T3 <thm-t3>`"),
        ("[Theorem: A, b](03_one_step.ipynb)", "{prf:ref}`thm-a-b`"),
        (
            "### Exercise 3.1: Why\n\nSay.\n\nMore.",
            "```{exercise} Why\n:label: ex-3-1\nSay.\n\nMore.\n```\n",
        ),
        (
            "<details>\n<summary>Proof</summary>\n\nx\n\n</details>",
            "```{admonition} Proof\n:class: dropdown\nx\n```",
        ),
        ("```text\n> **Predict.** (3.1)\n```", "```text\n> **Predict.** (3.1)\n```"),
    ],
)
def test_the_page_dresses_plain_markdown(said, shown):
    assert plain.dressed(said, WORDS, {("3", "1")}) == shown


def test_a_solution_holds_its_code_and_a_chapter_has_its_label():
    cells = [
        nbformat.v4.new_markdown_cell("# Why?"),
        nbformat.v4.new_markdown_cell(
            "<details>\n<summary>Solution 3.1</summary>\n\nSo.\n\n</details>"
        ),
        nbformat.v4.new_code_cell("1", metadata={"tags": ["solution"]}),
        nbformat.v4.new_markdown_cell("On."),
    ]
    source = nbformat.writes(nbformat.v4.new_notebook(cells=cells))
    seen = json.loads(plain.dress_notebook(source, "03_one_step", {}))["cells"]
    assert seen[0]["source"].startswith("(chapter-one-step)=\n# Why?")
    assert seen[1]["source"].startswith("```{solution-start} ex-3-1\n:class: dropdown\n```")
    assert [c["cell_type"] for c in seen[2:]] == ["code", "markdown", "markdown"]
    assert seen[3]["source"] == plain.CLOSED and plain.label("faq") == "page-faq"

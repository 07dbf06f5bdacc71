r"""Dress plain Markdown: what a notebook says in standard Markdown, the page shows in full dress.

A notebook is written for the poorest viewer: no role, no directive, no label. Before Sphinx parses
it, each sign below becomes the MyST form that the extensions know. The file itself stays as it is.

    > **Predict before you run.** ...          the box of a prediction
    > **You may have read: ...** ...           the box of a myth
    > **Theorem (title).** ...                 a theorem, numbered, with the label thm-title;
                                               its displayed formulas on one line each
    ### Exercise 3.1: title                    an exercise, up to the end of the cell
    <details><summary>Solution 3.1</summary>   its solution, with the code cells tagged `solution`
    <details><summary>Proof</summary>          a proof that opens
    $$ ... \tag{3.1} $$, (3.1)                a numbered equation, a link to it
    [words](../book/glossary.md#gain)          a word of the glossary, with its hover
    ([A 1970](../book/bibliography.md#a1970))  a citation
    [T3](../book/proofs.md#t3), [Theorem: title](03_one_step.ipynb)    links to theorems

The chapter's label (`chapter-one-step`, `page-faq`) comes from its file name. Three pages are read
alike: the glossary's headings become its entries, the bibliography's its list; those of the proofs,
which are there to be linked to, go.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Set
from pathlib import Path

from sphinx.application import Sphinx

QUOTE = re.compile(r"(?:^>.*\n?)+", re.M)
DETAILS = re.compile(r"^<details>\n<summary>(.+?)</summary>\n\n(.*?)\n\n</details>$", re.M | re.S)
EXERCISE = re.compile(r"^### Exercise (\w+)\.(\d+): (.+)\n\n((?:(?!^#{2,3} ).*\n?)+)", re.M)
TAGGED = re.compile(r"^\$\$\s*((?:(?!\$\$).)*?)\s*\\tag\{(\w+)\.(\d+)\}\s*\$\$$", re.M | re.S)
NUMBER = re.compile(r"\[\((\w+)\.(\d+)\)\]\(\w+\.ipynb\)|(?<![\w\]])\((\w+)\.(\d+)\)")
WORD = re.compile(r"\[([^\[\]]+)\]\((?:\.\./book/)?glossary\.md#([\w-]+)\)")
HOME = re.compile(r"\[\w+\]\(\.\./notebooks/(\w+)\.ipynb\)$", re.M)
CITED = r"\[[^\[\]]+\]\(\.\./book/bibliography\.md#(\w+)\)"
CITATIONS = re.compile(rf"\(({CITED}(?:; {CITED})*)\)")
PROVED = re.compile(r"\[([^\[\]]+)\]\(\.\./book/proofs\.md#(t\d+)\)")
THEOREM = re.compile(r"\[Theorem: ([^\[\]]+)\]\(\w+\.ipynb\)")
FENCE = re.compile(r"^(```+).*?^\1$", re.M | re.S)


def slug(words: str) -> str:
    """Lower case, hyphens for what is no letter: the label of a theorem.

    >>> slug("Fewer columns, no lower limit")
    'fewer-columns-no-lower-limit'
    """
    return re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")


def label(stem: str) -> str:
    """`03_one_step` is chapter-one-step, `faq` is page-faq."""
    number, _, name = stem.partition("_")
    return f"chapter-{name.replace('_', '-')}" if number.isdigit() else f"page-{stem}"


def fenced(directive: str, title: str, body: str, *options: str) -> str:
    """A MyST directive, with a fence longer than any inside it."""
    ticks = "`" * (3 + max((len(found) - 2 for found in re.findall("`{3,}", body)), default=0))
    head = "\n".join([f"{ticks}{{{directive}}} {title}".rstrip(), *options])
    return f"{head}\n{body.strip()}\n{ticks}"


def boxes(text: str) -> str:
    """Block quotes that begin with a known bold word."""

    def box(found: re.Match[str]) -> str:
        inner = re.sub(r"^> ?", "", found[0], flags=re.M)
        opened = re.match(r"\*\*(.+?)\*\*\s*(.*)", inner, re.S)
        if not opened:
            return found[0]
        title, body = opened[1].removesuffix("."), opened[2]
        theorem = re.fullmatch(r"Theorem \((.+)\)", title)
        if theorem:
            name = theorem[1]
            return fenced("prf:theorem", name, body, f":label: thm-{slug(name)}") + "\n"
        kind = next((k for word, k in BOXES.items() if title.startswith(word)), None)
        return fenced("admonition", title, body, f":class: {kind}") + "\n" if kind else found[0]

    return QUOTE.sub(box, text)


BOXES = {"Predict": "prediction", "You may have read": "myth", "The question": "lede"}
"""What the bold word of a quote begins with, and the class of its box."""


def practice(text: str) -> str:
    """Exercises, proofs, and the beginning of a solution."""
    text = EXERCISE.sub(
        lambda m: fenced("exercise", m[3], m[4], f":label: ex-{m[1].lower()}-{m[2]}") + "\n", text
    )

    def opened(found: re.Match[str]) -> str:
        title, body = found[1], found[2]
        solution = re.fullmatch(r"Solution (\w+)\.(\d+)", title)
        if not solution:
            return fenced("admonition", title, body, ":class: dropdown")
        of = f"ex-{solution[1].lower()}-{solution[2]}"
        return f"```{{solution-start}} {of}\n:class: dropdown\n```\n\n{body}"

    return DETAILS.sub(opened, text)


def words_of(glossary: str) -> dict[str, str]:
    """Heading -> the name that the page's glossary has for it."""
    return dict(re.findall(r"^### ([\w-]+)\n\n\*\*(.+?)\*\*", glossary, flags=re.M))


def links(text: str, words: Mapping[str, str]) -> str:
    """Links to what the page knows better: words, works, theorems, equations."""
    text = WORD.sub(lambda m: f"{{term}}`{m[1]} <{words.get(m[2], m[2])}>`", text)
    text = CITATIONS.sub(
        lambda m: "{cite:p}`" + ",".join(re.findall(r"#(\w+)\)", m[1])) + "`", text
    )
    text = re.sub(CITED, r"{cite:t}`\1`", text)
    text = PROVED.sub(r"{prf:ref}`\1 <thm-\2>`", text)
    return THEOREM.sub(lambda m: f"{{prf:ref}}`thm-{slug(m[1])}`", text)


def numbered(text: str, tags: Set[tuple[str, str]]) -> str:
    """Equations with a tag, and the numbers in the text that name one of `tags`."""

    def linked(found: re.Match[str]) -> str:
        chapter, k = (found[1] or found[3]), (found[2] or found[4])
        known = found[1] or (chapter, k) in tags
        return f"{{eq}}`eq-{chapter.lower()}-{k}`" if known else found[0]

    text = NUMBER.sub(linked, text)
    return TAGGED.sub(lambda m: f"$$\n{m[1]}\n$$ (eq-{m[2].lower()}-{m[3]})", text)


def dressed(text: str, words: Mapping[str, str], tags: Set[tuple[str, str]]) -> str:
    """One Markdown cell in the page's forms; fenced code is left alone."""
    kept: list[str] = []

    def keep(found: re.Match[str]) -> str:
        kept.append(found[0])
        return f"\x00{len(kept) - 1}\x00"

    text = boxes(links(FENCE.sub(keep, text), words))
    text = practice(numbered(text, tags))
    return re.sub("\x00(\\d+)\x00", lambda m: kept[int(m[1])], text)


def dress_notebook(source: str, stem: str, words: Mapping[str, str]) -> str:
    """A notebook's JSON with its Markdown dressed, a label above its title, solutions closed."""
    notebook = json.loads(source)
    cells, waiting = [], False
    texts = ["".join(cell["source"]) for cell in notebook["cells"]]
    tags = {
        (chapter, number)
        for text, cell in zip(texts, notebook["cells"], strict=True)
        if cell["cell_type"] == "markdown"
        for chapter, number in re.findall(r"\\tag\{(\w+)\.(\d+)\}", text)
    }
    closed = {"cell_type": "markdown", "metadata": {}, "source": CLOSED}
    for text, cell in zip(texts, notebook["cells"], strict=True):
        if waiting and "solution" not in cell["metadata"].get("tags", []):
            cells.append(closed | {"id": f"closed-{len(cells)}"})
            waiting = False
        if cell["cell_type"] == "markdown":
            cell["source"] = dressed(text, words, tags)
            waiting = "{solution-start}" in cell["source"]
        cells.append(cell)
    if waiting:
        cells.append(closed | {"id": f"closed-{len(cells)}"})
    if cells and cells[0]["cell_type"] == "markdown":
        cells[0]["source"] = f"({label(stem)})=\n{cells[0]['source']}"
    notebook["cells"] = cells
    return json.dumps(notebook)


CLOSED = "```{solution-end}\n```"


def glossary(text: str) -> str:
    """Headings with a line of bold names and a line of text become the entries of a glossary.

    An entry ends with the number of its chapter, for which the page has the title.
    """
    text = HOME.sub(lambda m: f"{{ref}}`{label(m[1])}`", links(text, words_of(text)))
    head, *entries = re.split(r"^### [\w-]+\n\n", text, flags=re.M)
    terms = []
    for entry in entries:
        names, _, words = entry.strip().partition("\n\n")
        terms.append("\n".join([*re.findall(r"\*\*(.+?)\*\*", names), f"  {words}"]))
    return f"(page-glossary)=\n{head}```{{glossary}}\n:sorted:\n\n" + "\n\n".join(terms) + "\n```\n"


def bibliography(text: str) -> str:
    """The list itself is made by the page, with its labels."""
    return text.partition("\n## ")[0] + "\n```{bibliography}\n:all:\n```\n"


def read(app: Sphinx, page: str, source: list[str]) -> None:
    """Dress a page before it is parsed."""
    path = Path(app.env.doc2path(page))
    if path.suffix == ".ipynb":
        words = (Path(app.srcdir) / "book" / "glossary.md").read_text("utf-8")
        source[0] = dress_notebook(source[0], path.stem, words_of(words))
    elif page == "book/glossary":
        source[0] = glossary(source[0])
    elif page == "book/bibliography":
        source[0] = bibliography(source[0])
    elif page == "book/proofs":
        source[0] = re.sub(r"^### t\d+\n\n", "", source[0], flags=re.M)


def setup(app: Sphinx) -> None:
    """Connect to Sphinx."""
    app.connect("source-read", read)

"""The laws that every committed notebook keeps, found without running it.

nbval does not compare a cell without a count, and a page shows whatever is committed; so these
laws are what makes the other checks of a notebook real.
"""

import ast
import re
from itertools import pairwise
from pathlib import Path

import nbformat
import pytest
from nbformat import v4

from trial.press import notebooks

FOLDER = Path(__file__).parents[2] / "notebooks"
CHAPTERS = sorted(FOLDER.glob("*.ipynb"))
MAX_BYTES = 1_500_000
MAX_CODE_CELLS = 22
MAX_DEF_LINES = 8
PRACTICE = {"quiz", "exercise", "solution"}
"""Tags of the cells at the end of a chapter, which do not count as cells of its argument."""
NETWORK = set("aiohttp ftplib http httpx requests smtplib socket urllib urllib3".split())
IGNORED = "nbval-ignore-output"
# How nbval and nbclient are told to look away; only IGNORED is ever needed, as a tag.
BLINDFOLDS = re.compile(r"#\s*(NBVAL_|PYTEST_VALIDATE)|nbval-skip|nbval-raises|raises-exception")


def complaints(notebook, size=0):
    """Every law that `notebook` breaks, in words; `size` is that of its file in bytes."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    found = [*_shape(notebook, code, size), *_execution(code)]
    for number, cell in enumerate(code, start=1):
        found += [f"code cell {number}: {text}" for text in _source(cell, first=number == 1)]
    return found


def _shape(notebook, code, size):
    if size >= MAX_BYTES:
        yield f"{size} bytes, the limit is {MAX_BYTES}"
    answers = _answers(notebook.cells)
    told = [cell for cell in code if not PRACTICE & set(cell.metadata.get("tags", []))]
    told = [cell for cell in told if not any(cell is answer for answer in answers)]
    if not 0 < len(told) <= MAX_CODE_CELLS:
        yield f"{len(told)} code cells, the limit is {MAX_CODE_CELLS}"
    if not _asks(notebook.cells):
        yield "the first cell must be a level-1 heading that is a question"
    cleaned = nbformat.from_dict(notebook)  # a copy
    notebooks.clean(cleaned)
    if cleaned != notebook:
        yield "volatile metadata or a widget view: run `make notebooks`"


def _answers(cells):
    """The code cell below each question of a level-3 heading: a page of questions may have many."""
    pairs = pairwise(cells)
    return [cell for above, cell in pairs if re.search(r"^### .+\?$", above.source, re.M)]


def _asks(cells):
    """Whether the first cell opens with `# ...?`."""
    first = cells[0].source if cells and cells[0].cell_type == "markdown" else ""
    return re.match(r"# .+\?\s*(?:\n|\Z)", first) is not None


def _execution(code):
    counts = [cell.execution_count for cell in code]
    if counts != list(range(1, len(code) + 1)):
        yield f"execution counts {counts} are not 1..{len(code)}: run `make notebooks`"
    for output in (output for cell in code for output in cell.outputs):
        if output.output_type == "error":
            yield f"an error output: {output.ename}"
        if output.get("name") == "stderr":
            yield f"something on stderr: {output.text[:60]!r}"
        data = output.get("data", {})
        if '<img src="data:' in data.get("text/html", "") and "image/png" not in data:
            yield "a figure without image/png, which GitHub needs: run `make notebooks`"


def _source(cell, first):
    try:
        nodes = list(ast.walk(ast.parse(cell.source)))
    except SyntaxError:
        yield "not plain Python"
        return
    imports = [node for node in nodes if isinstance(node, (ast.Import, ast.ImportFrom))]
    if bool(imports) != first:
        yield "no imports" if first else "imports belong in the first code cell"
    yield from _network(nodes, imports)
    shown = "central" in cell.metadata.get("tags", [])  # its length has a law in test_shown
    for node in nodes:
        if isinstance(node, _DEFINITIONS):
            lines = len(ast.unparse(node).splitlines())  # a narrow column makes nothing longer
            if lines > MAX_DEF_LINES and not shown:
                yield f"{node.name} is {lines} lines long, it belongs in reglib with a test"
    yield from _blindfolds(cell, nodes)


_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def _network(nodes, imports):
    names = [alias.name for node in imports for alias in node.names]
    names += [node.module or "" for node in imports if isinstance(node, ast.ImportFrom)]
    names += [node.attr for node in nodes if isinstance(node, ast.Attribute)]
    for name in names:
        if name.split(".")[0] in NETWORK or name.startswith("fetch_"):
            yield f"{name} uses the network"
    for node in nodes:
        if isinstance(node, ast.Constant) and str(node.value).startswith(("http:", "https:")):
            yield f"{node.value} is an address"


def _blindfolds(cell, nodes):
    tags = cell.metadata.get("tags", [])
    if BLINDFOLDS.search("\n".join([cell.source, *tags])):
        yield "hides from the comparison of outputs"
    calls = [node.func for node in nodes if isinstance(node, ast.Call)]
    claims = any(isinstance(call, ast.Name) and call.id == "claim" for call in calls)
    if IGNORED in tags and not claims and not any(isinstance(node, ast.Assert) for node in nodes):
        yield f"{IGNORED} without an assertion"


def test_there_are_notebooks():
    assert CHAPTERS, f"no notebook in {FOLDER.name}/: the laws below would prove nothing"


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_committed_notebook_keeps_the_laws(path):
    notebook = nbformat.read(path, as_version=4)
    assert complaints(notebook, path.stat().st_size) == []


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_committed_notebook_is_written_as_the_tool_writes_it(path):
    notebook = nbformat.read(path, as_version=4)
    assert path.read_text(encoding="utf-8") == notebooks.text_of(notebook)


def lawful():
    """A notebook without a fault, to plant one in."""
    cells = [
        v4.new_markdown_cell("# Why?\n\nText."),
        v4.new_code_cell("import numpy as np\nfrom reglib import penalties"),
        v4.new_code_cell("def twice(x):\n    return 2 * x\n\n\nprint(twice(2))"),
        v4.new_code_cell("assert 1 < 2", metadata={"tags": [IGNORED]}),
    ]
    for count, cell in enumerate(cells[1:], start=1):
        cell.execution_count = count
    cells[2].outputs = [v4.new_output("stream", name="stdout", text="4\n")]
    kernel = {"kernelspec": dict(notebooks.KERNEL), "language_info": {"name": "python"}}
    return v4.new_notebook(cells=cells, metadata=kernel)


def title(text):
    return lambda notebook: notebook.cells[0].update(source=text)


def source(text, at=2):
    return lambda notebook: notebook.cells[at].update(source=text)


def tags(*names):
    return lambda notebook: notebook.cells[2].metadata.update(tags=list(names))


def output(kind, **fields):
    return lambda notebook: notebook.cells[2].outputs.append(v4.new_output(kind, **fields))


def many_cells(notebook):
    count = range(4, MAX_CODE_CELLS + 2)
    notebook.cells += [v4.new_code_cell("1", execution_count=k) for k in count]


FAULTS = {
    "a cell that was not run": (lambda n: n.cells[3].update(execution_count=None), "counts"),
    "cells run out of order": (lambda n: n.cells[2].update(execution_count=9), "counts"),
    "an error": (output("error", ename="KeyError", evalue="", traceback=[]), "KeyError"),
    "a figure for some viewers alone": (
        output("display_data", data={"text/html": '<img src="data:image/webp;base64,">'}),
        "without image/png",
    ),
    "a warning": (output("stream", name="stderr", text="careful"), "stderr"),
    "widget state": (lambda n: n.metadata.update(widgets={}), "volatile"),
    "a widget view": (output("display_data", data={notebooks.WIDGET: {}}), "widget view"),
    "execution times": (lambda n: n.cells[2].metadata.update(execution={}), "volatile"),
    "a machine's version": (lambda n: n.metadata.language_info.update(version="3"), "volatile"),
    "too many cells": (many_cells, f"{MAX_CODE_CELLS + 1} code cells"),
    "no code": (lambda n: n.update(cells=n.cells[:1]), "0 code cells"),
    "a long def": (source("def f():\n" + "    f()\n" * MAX_DEF_LINES), "f is 9 lines"),
    "a long class": (source("class A:\n" + "    a = 1\n" * MAX_DEF_LINES), "A is 9 lines"),
    "a second import cell": (source("import os"), "imports belong"),
    "an import inside a def": (source("def f():\n    import os"), "imports belong"),
    "no import cell": (source("x = 1", at=1), "no imports"),
    "a network module": (source("from urllib.request import urlopen", at=1), "urllib.request"),
    "a download": (source("datasets.fetch_openml('a')"), "fetch_openml"),
    "an imported download": (source("from sklearn.datasets import fetch_x", at=1), "fetch_x"),
    "an address": (source("load('https://example.org')"), "address"),
    "a magic": (source("%timeit 1"), "not plain Python"),
    "a statement": (title("# Because."), "question"),
    "a lower heading": (title("## Why?"), "question"),
    "no title": (lambda n: n.cells.pop(0), "question"),
    "a skipped cell": (tags("nbval-skip"), "hides"),
    "a cell that may raise": (tags("raises-exception"), "hides"),
    "a hiding comment": (source("1  # NBVAL_IGNORE_OUTPUT"), "hides"),
    "no comparison, no assertion": (tags(IGNORED), "without an assertion"),
}


def test_a_lawful_notebook_has_no_complaint():
    assert complaints(lawful(), MAX_BYTES - 1) == []


@pytest.mark.parametrize(("plant", "word"), FAULTS.values(), ids=FAULTS)
def test_a_planted_fault_is_found(plant, word):
    notebook = lawful()
    plant(notebook)
    (complaint,) = complaints(notebook)
    assert word in complaint


def test_a_file_that_is_too_large_is_found():
    assert complaints(lawful(), MAX_BYTES) == [f"{MAX_BYTES} bytes, the limit is {MAX_BYTES}"]

"""book/api.md promises that every function of the library is used by a chapter: here it is kept."""

import ast
import inspect
import re
from importlib import import_module
from pathlib import Path

import nbformat

import reglib

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "book" / "api.md").read_text(encoding="utf-8")
HANDED = {"Step"}
"""What `train` hands to a watch: its fields are used, nobody has to write its name."""
LATER = {"GRU", "typed_text"}
"""In no notebook yet: the chapter on transformers and the tables of remedies are being written.

This list may only shrink.
"""
SHOWN = ["solvers.homotopy"]
"""A module of its own for what a chapter prints and no caller needs."""


def public():
    """Full name -> function or class that a room of the library offers, protocols apart."""
    rooms = [import_module(f"reglib.{room}") for room in [*reglib.__all__, *SHOWN]]
    found = {f"{r.__name__}.{name}": getattr(r, name) for r in rooms for name in r.__all__}
    return {
        name: thing
        for name, thing in found.items()
        if inspect.isroutine(thing)
        or (isinstance(thing, type) and not getattr(thing, "_is_protocol", False))
    }


def words(*annotations):
    return set(re.findall(r"\w+", " ".join(map(str, annotations))))


def returned():
    """Names of what a function returns, and of what is in it: nobody has to write these."""
    functions = [thing for thing in public().values() if inspect.isroutine(thing)]
    found = words(*(f.__annotations__.get("return", "") for f in functions))
    records = {t.__name__: t for t in public().values() if isinstance(t, type)}
    for name in found & set(records):
        found |= words(*inspect.get_annotations(records[name]).values())
    return found & set(records)


def names(tree):
    """What is named in it, imports apart: an import alone uses nothing."""
    nodes = list(ast.walk(tree))
    return {n.id for n in nodes if isinstance(n, ast.Name)} | {
        n.attr for n in nodes if isinstance(n, ast.Attribute)
    }


def used(notebook):
    """Names in the code cells, and in the sources that `show_source` shows there."""
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    trees = [ast.parse(source) for source in code]
    imports = [n for n in trees[0].body if isinstance(n, ast.Import | ast.ImportFrom)]
    space, found = {}, set()
    exec(compile(ast.Module(imports, []), "imports", "exec"), space)
    for tree in trees:
        found |= names(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "show_source":
                shown = [eval(ast.unparse(argument), space) for argument in node.args]
                found |= names(ast.parse("\n".join(map(source_of, shown))))
    return found


def source_of(thing):
    return inspect.cleandoc("\n" + inspect.getsource(thing))


def test_the_page_lists_what_the_rooms_offer():
    listed = re.findall(r"^\.\. auto(?:class|function):: (\S+)$", PAGE, re.MULTILINE)
    assert len(listed) == len(set(listed))
    assert set(listed) == set(public())


def test_every_public_name_is_used_or_shown_by_a_notebook():
    notebooks = [nbformat.read(p, as_version=4) for p in (ROOT / "notebooks").glob("*.ipynb")]
    assert notebooks
    found = set().union(*map(used, notebooks))
    unused = {name.rpartition(".")[2] for name in public()} - found - returned() - HANDED
    assert unused == LATER


def test_an_import_alone_is_no_use():
    assert names(ast.parse("from reglib.solvers import newton\nL2(1.0).prox")) == {"L2", "prox"}

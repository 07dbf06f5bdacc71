"""Run a chapter, or a file of tests, on a copy of reglib, and tell what failed there first.

A server: each line it reads is {"folder": the copy, "play": a notebook, a test file or a test,
"patience": seconds}. Each line it prints tells how that ended (passed, claim, test, assert, crash
or endless), in which words, the seconds, and for each of the marked functions when the first claim
after it was weighed. Nothing is shown. A chapter stops at the first claim that fails. A cell that
fails otherwise does not stop it, for a later claim may still fail; without one, the first such cell
is how it ended. What is not reglib is imported once, for all the copies.
"""

import ast
import builtins
import importlib
import json
import os
import signal
import sys
from multiprocessing import Pipe
from pathlib import Path
from time import perf_counter

import IPython.display
import matplotlib
import pytest

SHARED = """matplotlib.pyplot sklearn.datasets sklearn.linear_model sklearn.preprocessing
pandas yaml scipy.optimize ipywidgets"""
"""Imported once, so that no copy has to."""


def nothing(*_, **__) -> None:
    """Stands in for what only shows: no claim looks at it."""


def cells(path: Path) -> list[str]:
    """The code up to the last claim."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    code = ["".join(c["source"]) for c in notebook["cells"] if c["cell_type"] == "code"]
    last = max((i for i, source in enumerate(code) if "claim(" in source), default=-1)
    return code[: last + 1]


class Undrawn(ast.NodeTransformer):
    """Leaves out the statements that only draw: they take most of the time."""

    def visit_Expr(self, node: ast.Expr) -> ast.stmt:
        called = getattr(getattr(node.value, "func", None), "attr", "")
        return ast.copy_location(ast.Pass(), node) if called.startswith("draw_") else node


def read(path: Path) -> dict:
    """The ending of a chapter."""
    from trial import page
    from trial.page import style
    from trial.page.claims import ContradictionError

    for name in ("show", "table", "say", "show_source"):
        setattr(style, name, nothing)
        setattr(page, name, nothing)
    page.explore = nothing
    os.chdir(path.parent)
    space = {"__name__": "__main__", "display": nothing}
    found, begun = {"end": "passed", "words": "", "seen": {}}, perf_counter()
    for number, source in enumerate(cells(path)):
        try:
            exec(compile(Undrawn().visit(ast.parse(source)), f"cell {number}", "exec"), space)
        except ContradictionError as error:
            return {"end": "claim", "words": str(error).partition(":")[0]}
        except Exception as error:
            if found["end"] == "passed":
                found["end"] = "assert" if isinstance(error, AssertionError) else "crash"
                found["words"] = f"cell {number}: {type(error).__name__}: {error}"
        if "claim(" in source:
            found["seen"] = dict.fromkeys(builtins.SEEN, perf_counter() - begun) | found["seen"]
    return found


class First:
    """Remembers the first test that failed."""

    name = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and not self.name:
            self.name = report.nodeid.partition("[")[0].rpartition("/")[2]


def tried(folder: str, play: str) -> dict:
    """The ending of a file of tests, or of one test in it."""
    first = First()
    ini = (Path(folder) / "tests").resolve().parent / "pyproject.toml"
    options = ["-x", "-q", "-p", "no:cacheprovider", "-c", str(ini), "--rootdir", folder]
    code = pytest.main([*options, f"{folder}/{play}"], plugins=[first])
    end = "test" if first.name else "crash" if code else "passed"
    return {"end": end, "words": first.name or str(code)}


def answer(order: dict) -> dict:
    """The ending of order["play"] on the copy in order["folder"], in this process."""
    folder, play = order["folder"], order["play"]
    sys.path[:0] = [folder, f"{folder}/book"]
    builtins.SEEN, begun = set(), perf_counter()
    ending = read(Path(folder, play)) if play.endswith(".ipynb") else tried(folder, play)
    import reglib

    return ending | {"seconds": perf_counter() - begun, "reglib": reglib.__file__}


def forked(order: dict) -> dict:
    """The same in a process of its own, given up after order["patience"] seconds."""
    here, there = Pipe(duplex=False)
    if not (child := os.fork()):
        try:
            there.send(answer(order))
        except BaseException as error:  # a copy that cannot even be imported
            there.send({"end": "crash", "words": repr(error), "seconds": 0})
        os._exit(0)
    there.close()
    late = {"end": "endless", "words": "", "seconds": order["patience"]}
    ending = here.recv() if here.poll(order["patience"]) else late
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return ending


if __name__ == "__main__":
    matplotlib.use("Agg")
    for name in SHARED.split():
        importlib.import_module(name)
    IPython.display.display = nothing
    assert "reglib" not in sys.modules  # or every copy would be the first one
    out, sys.stdout = sys.stdout, open(os.devnull, "w")
    for line in sys.stdin:
        print(json.dumps(forked(json.loads(line))), file=out, flush=True)

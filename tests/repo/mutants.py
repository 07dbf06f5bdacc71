"""Wrong copies of reglib: a sign flipped or a factor of 2 in one method, one copy a mistake.

What is mutated is read from the package: every public penalty, solver, optimizer and loss, and in
each of them every function that computes. A copy of the package in a folder of its own gets the
wrong line; `wrong_copies.py` then looks for a claim or a test that fails on it.
"""

import ast
import atexit
import compileall
import copy
import inspect
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from reglib import losses, optimizers, penalties, solvers

ROOT = Path(__file__).resolve().parents[2]
ROUNDING = re.compile(
    r"\b(EPS|ROUNDING|TIE|MANY|ROOM|tries|finfo|shape|1e-1\d|wear|max_iter|len\([ch]\))(?!\w)"
    r"|np\.abs\(a\)|^-a\[j\]$|\b(argpartition|flatnonzero|cumsum)\b|\b0 \*"
)
"""What is of the size of rounding, counts or is an index: no sign or factor of a result."""
TURNED = {ast.Add: ast.Sub, ast.Sub: ast.Add}
SCALED = (ast.Mult, ast.Div)
NUMBERS = ("Array", "Hyper", "float", "Passed", "tuple[Array")
"""How the annotation of a function begins that returns a number, or a number and a memory."""
NESTED = (ast.FunctionDef, ast.Lambda)

SOLVERS = ("reglib.solvers", "reglib.fast")
"""Where a public solver computes."""
CHECKS = {"_swept", "_penalty_of_each"}
"""Functions there that look at arguments and shapes, and compute nothing."""
SHOWN = {"homotopy"}
"""Functions there that no solver calls: a chapter shows them, tests/reglib/test_fast.py fails."""

NO_MISTAKE = {
    ("SpectralBall.subgradient", "sign"): "it is 0 everywhere",
    ("SpectralBall.subgradient", "factor"): "it is 0 everywhere",
    ("SpectralBall.value", "factor"): "twice 0 is 0, twice infinity infinity",
    ("backtracking:lambda 2", "sign"): "the step it tells is squared",
    ("barzilai_borwein:lambda 2", "sign"): "the step it tells is squared",
    ("backtracking:lambda 2", "factor"): "moves are compared with the first: the unit goes out",
    ("barzilai_borwein:lambda 2", "factor"): "moves are compared with the first: the unit goes out",
    ("_run", "factor"): "moves are compared with the first: the unit goes out",
    ("units", "sign"): "other units for the weights: the same minimum by another way",
    ("Tableau.renew", "sign"): "a unit for all weights alike: it goes out again",
    ("Tableau.renew", "factor"): "a unit for all weights alike: it goes out again",
    ("Kernel.begin", "sign"): "other columns are solved for beforehand: the same weights",
    ("_nearest", "sign"): "it begins with other columns, and takes in those that were wrong",
    ("Moments.h", "factor"): "signs are foretold less well: more systems, the same weights",
    ("_rungs", "sign"): "no ladder: the homotopy finds the signs instead, the same weights",
    ("_rungs", "factor"): "more rungs: more systems, the same weights",
}
"""(function, kind) -> why the wrong line gives the same numbers, so that no mutant is made."""


UNCAUGHT: dict[tuple[str, str], str] = {}
"""(function, kind) -> why no claim and no test fails; its subjects have other places that do."""


@dataclass(frozen=True)
class Mutant:
    """One mistake: in `file`, at `where`, a "sign" or a "factor"; `subjects` compute with it.

    `where` is a function, such as L1.prox, or after a colon one inside it: newton:objective.
    """

    subjects: tuple[str, ...]
    file: str
    where: str
    kind: str
    before: str
    after: str


def public(module: ModuleType) -> dict[str, Any]:
    """The classes and functions a package offers, without protocols and plain records."""
    names = getattr(module, "__all__", [n for n in vars(module) if not n.startswith("_")])
    found = {name: getattr(module, name) for name in names}
    return {
        name: thing
        for name, thing in found.items()
        if inspect.getmodule(thing) is not None
        and inspect.getmodule(thing).__name__.startswith(module.__name__)
        and (isinstance(thing, FunctionType) or _computes(thing))
    }


def _computes(thing: Any) -> bool:
    protocol = getattr(thing, "_is_protocol", False)
    own = [f for n, f in vars(thing).items() if inspect.isfunction(f) and not n.startswith("__")]
    return isinstance(thing, type) and not protocol and bool(own)


def subjects() -> dict[str, Any]:
    """Name -> class or function of everything that must be mutated."""
    return {k: v for m in (penalties, solvers, optimizers, losses) for k, v in public(m).items()}


def functions(tree: ast.AST, prefix: str = "") -> Iterator[tuple[str, ast.FunctionDef]]:
    """Every function and method of a module with its dotted name, without nested ones."""
    for node in getattr(tree, "body", []):
        if isinstance(node, ast.ClassDef):
            yield from functions(node, f"{node.name}.")
        elif isinstance(node, ast.FunctionDef):
            yield prefix + node.name, node


def inside(function: ast.FunctionDef) -> dict[str, ast.AST]:
    """A function, under "", and those nested in it, each a place for mistakes of its own.

    A lambda in a dictionary is called by its key, any other by its number.
    """
    keys = {
        value: key.value
        for node in ast.walk(function)
        if isinstance(node, ast.Dict)
        for key, value in zip(node.keys, node.values, strict=True)
    }
    found = {"": function}
    for node in ast.walk(function):
        if isinstance(node, NESTED) and node is not function:
            number = f"lambda {len(found)}"
            found[keys.get(node) or getattr(node, "name", number)] = node
    return found


def _works(name: str) -> bool:
    """A public function, or a property, that gives a number: no check, no first memory."""
    method = name.rpartition(".")[2]
    return not method.startswith("_") and method not in ("start", "rate")


def _numeric(node: ast.AST) -> Iterator[ast.AST]:
    """The arithmetic in a function: no index, no axis, no type, nothing of the size of rounding."""
    for name, field in ast.iter_fields(node):
        if name in ("slice", "annotation", "returns", "args", "decorator_list") and not isinstance(
            node, ast.Call
        ):
            continue
        for child in field if isinstance(field, list) else [field]:
            if isinstance(
                child, (ast.keyword, ast.JoinedStr, ast.Raise, *NESTED)
            ) or not isinstance(child, ast.AST):
                continue
            rounding = ROUNDING.search(ast.unparse(child))
            if rounding and isinstance(child, ast.Compare):
                continue
            if isinstance(child, ast.Call) and ast.unparse(child.func) == "np.isfinite":
                continue
            if not isinstance(child, ast.operator) and not rounding:
                yield child
            yield from _numeric(child)


def _sign(node: ast.AST) -> ast.AST | None:
    if isinstance(node, ast.BinOp) and type(node.op) in TURNED:
        return ast.BinOp(node.left, TURNED[type(node.op)](), node.right)
    if (
        isinstance(node, ast.UnaryOp)
        and isinstance(node.op, ast.USub)
        and not isinstance(node.operand, ast.Constant)
    ):
        return node.operand
    return None


def _factor(node: ast.AST) -> ast.AST | None:
    if isinstance(node, ast.BinOp) and isinstance(node.op, SCALED):
        return ast.BinOp(_twice(node.left), node.op, node.right)
    return None


def _negated(value: ast.expr) -> ast.expr:
    return ast.UnaryOp(ast.USub(), value)


def _twice(value: ast.expr) -> ast.expr:
    return ast.BinOp(ast.Constant(2), ast.Mult(), value)


def _returned(function: Any, change: Callable[[ast.expr], ast.expr]) -> tuple | None:
    """The last returned number, changed; of a number and a memory, the number."""
    if isinstance(function, ast.Lambda):
        return function.body, change(function.body)
    if not ast.unparse(function.returns or ast.Constant("")).startswith(NUMBERS):
        return None
    last = function.body[-1]
    if not isinstance(last, ast.Return) or last.value is None:
        return None
    value = last.value
    whole = value.elts[0] if isinstance(value, ast.Tuple) else value
    if re.search("EPS|finfo|argpartition|flatnonzero", ast.unparse(whole)):
        return None
    return whole, change(whole)


def change(function: ast.AST, kind: str) -> tuple[ast.AST, ast.AST] | None:
    """The first place of that kind, and what stands there in the mutant; else what it returns.

    Where there is no sum and no returned number, the first product gets the other sign.
    """
    wrong, whole = {"sign": (_sign, _negated), "factor": (_factor, _twice)}[kind]
    nodes = list(_numeric(function))
    first = next(((n, new) for n in nodes if (new := wrong(n)) is not None), None)
    product = next(((n, _negated(n)) for n in nodes if _factor(n) is not None), None)
    return first or _returned(function, whole) or product


class _Swap(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> ast.AST:
        return self.new if node is self.old else self.generic_visit(node)


@cache
def parsed(file: str, root: Path = ROOT) -> dict[str, ast.FunctionDef]:
    return dict(functions(ast.parse((root / "reglib" / file).read_text(encoding="utf-8"))))


def file_of(thing: Any) -> str:
    source = Path(inspect.getsourcefile(inspect.unwrap(thing)))
    return str(source.relative_to(Path(penalties.__file__).parents[1]))


def reached(name: str) -> list[tuple[str, str]]:
    """(file, function) of all of SOLVERS that a public solver computes with, itself first.

    Read from the names in the code, the methods of a class with it. Another public solver that it
    calls is not followed: its mistakes are its own.
    """
    start = getattr(solvers, name)
    seen: dict[tuple[str, str], None] = {}
    todo = [(start, start.__name__)]
    while todo:
        thing, where = todo.pop(0)
        place = file_of(thing), where
        if place in seen:
            continue
        seen[place] = None
        for node in ast.walk(parsed(place[0])[where]):
            used = thing.__globals__.get(node.id) if isinstance(node, ast.Name) else None
            if not getattr(used, "__module__", "").startswith(SOLVERS):
                continue
            if used.__name__ in CHECKS:
                continue
            if isinstance(used, FunctionType) and used.__name__ not in solvers.__all__:
                todo.append((used, used.__name__))
            elif isinstance(used, type):
                methods = {k: getattr(v, "func", v) for k, v in vars(used).items()}
                own = {f"{used.__name__}.{k}": m for k, m in methods.items()}
                todo += [(m, k) for k, m in own.items() if k in parsed(file_of(used))]
    return list(seen)


def places(name: str, thing: Any) -> list[tuple[str, str]]:
    """(file, function) of everything in which a subject computes."""
    if name in solvers.__all__:
        return reached(name)
    file = file_of(thing)
    return [(file, w) for w in parsed(file) if w.split(".")[0] == name and _works(w)]


def mutants() -> list[Mutant]:
    """A sign and a factor for every function of every subject, where it has such a place."""
    users: dict[tuple[str, str], list[str]] = {}  # a helper of two solvers is mutated once
    for subject, thing in subjects().items():
        for place in places(subject, thing):
            users.setdefault(place, []).append(subject)
    made = []
    for (file, function), who in users.items():
        for name, node in inside(parsed(file)[function]).items():
            where = f"{function}:{name}".rstrip(":")
            for kind in ("sign", "factor"):
                if (where, kind) not in NO_MISTAKE and (pair := change(node, kind)) is not None:
                    made.append(Mutant(tuple(who), file, where, kind, *map(ast.unparse, pair)))
    return made


@cache
def compiled(root: Path) -> Path:
    """A copy with its bytecode, for copies of it need not compile what is right in them."""
    folder = Path(tempfile.mkdtemp(prefix="reglib"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    shutil.copytree(root / "reglib", folder / "reglib", ignore=shutil.ignore_patterns("__pyc*"))
    compileall.compile_dir(folder / "reglib", quiet=1)
    return folder / "reglib"


def copied(folder: Path, root: Path = ROOT) -> Path:
    """A copy of the package beside links to the book's files."""
    folder.mkdir(parents=True)
    shutil.copytree(compiled(root), folder / "reglib")
    for name in ("book", "notebooks", "tests"):
        (folder / name).symlink_to(root / name)
    return folder


def edit(folder: Path, file: str, where: str, kind: str) -> None:
    """Put the mistake into the copy; or, for "seen", a note that it ran; for "same", x * 1."""
    path = folder / "reglib" / file
    tree = ast.parse(path.read_text(encoding="utf-8"))
    outer, _, name = where.partition(":")
    function = inside(dict(functions(tree))[outer])[name]
    if kind == "seen":
        note = f"getattr(__import__('builtins'), 'SEEN', set()).add({where!r})"
        at = 1 if ast.get_docstring(function) else 0
        function.body.insert(at, ast.parse(note).body[0])
    elif kind == "same":
        old, new = _returned(function, lambda v: ast.BinOp(v, ast.Mult(), ast.Constant(1)))
        _Swap(old, copy.deepcopy(new)).visit(function)
    else:
        old, new = change(function, kind)
        _Swap(old, copy.deepcopy(new)).visit(function)
    path.write_text(ast.unparse(ast.fix_missing_locations(tree)), encoding="utf-8")

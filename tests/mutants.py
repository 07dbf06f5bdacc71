"""Wrong copies of reglib: a sign flipped or a factor of 2 in one method, one copy a mistake.

What is mutated is read from the package: every public penalty, solver, optimizer and loss, and in
each of them every function that computes. A copy of the package in a folder of its own gets the
wrong line; a chapter is then run on it by `chapter_on_mutant.py`.
"""

import ast
import copy
import inspect
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from reglib import losses, optimizers, penalties, solvers

ROOT = Path(__file__).resolve().parents[1]
ROUNDING = re.compile(r"\b(EPS|ROUNDING|finfo|shape)\b|\b0 \*")
TURNED = {ast.Add: ast.Sub, ast.Sub: ast.Add}
SCALED = (ast.Mult, ast.Div)
NUMBERS = ("Array", "Hyper", "float", "tuple[Array")
"""How the annotation of a function begins that returns a number, or a number and a memory."""
LENT = {
    "ridge": ["direct._shrunk"],
    "ridge_path": ["paths._Moments.certified", "direct._shrunk"],
    "lasso_path": ["homotopy.Tableau._sweep", "homotopy.Tableau.next_event"],
    "elastic_net_path": ["paths._newton", "paths._signed"],
    "duality_gap": ["coordinate.gap_at"],
    "barzilai_borwein": ["line_search._Objective.value", "line_search._Objective.gradient"],
}
"""Private functions of reglib.solvers in which a solver does its work, beside its own lines."""

NO_MISTAKE = {
    ("SpectralBall.subgradient", "sign"): "it is 0 everywhere",
    ("SpectralBall.subgradient", "factor"): "it is 0 everywhere",
    ("SpectralBall.value", "factor"): "twice 0 is 0, twice infinity infinity",
    ("elastic_net_path", "sign"): "it only chooses between two exact ways",
    ("_signed", "sign"): "it only counts how often to try again",
}
"""(function, kind) -> why the wrong line gives the same numbers, so that no mutant is made."""


@dataclass(frozen=True)
class Mutant:
    """One mistake: in `file`, function `where` (such as L1.prox), a "sign" or a "factor"."""

    subject: str
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


def functions(tree: ast.AST, inside: str = "") -> Iterator[tuple[str, ast.FunctionDef]]:
    """Every function and method of a module with its dotted name; nested ones belong to theirs."""
    for node in getattr(tree, "body", []):
        if isinstance(node, ast.ClassDef):
            yield from functions(node, f"{node.name}.")
        elif isinstance(node, ast.FunctionDef):
            yield inside + node.name, node


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
            if isinstance(child, (ast.keyword, ast.JoinedStr, ast.Raise)) or not isinstance(
                child, ast.AST
            ):
                continue
            if not isinstance(child, ast.operator) and not ROUNDING.search(ast.unparse(child)):
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


def _returned(function: ast.FunctionDef, change: Callable[[ast.expr], ast.expr]) -> tuple | None:
    """The last returned number, changed; of a number and a memory, the number."""
    if not ast.unparse(function.returns or ast.Constant("")).startswith(NUMBERS):
        return None
    last = function.body[-1]
    if not isinstance(last, ast.Return) or last.value is None:
        return None
    value = last.value
    whole = value.elts[0] if isinstance(value, ast.Tuple) else value
    return whole, change(whole)


def change(function: ast.FunctionDef, kind: str) -> tuple[ast.AST, ast.AST] | None:
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


def places(name: str, thing: Any) -> list[tuple[str, str]]:
    """(file, function) of everything in which a subject computes."""
    file = Path(inspect.getsourcefile(thing)).relative_to(Path(penalties.__file__).parents[1])
    tree = ast.parse((ROOT / "reglib" / file).read_text(encoding="utf-8"))
    own = [(str(file), w) for w, _ in functions(tree) if w.split(".")[0] == name and _works(w)]
    lent = [entry.split(".", 1) for entry in LENT.get(name, [])]
    return own + [(f"solvers/{module}.py", where) for module, where in lent]


def mutants() -> list[Mutant]:
    """A sign and a factor for every function of every subject, where it has such a place."""
    found = {}
    for subject, thing in subjects().items():
        for file, where in places(subject, thing):
            function = dict(functions(ast.parse((ROOT / "reglib" / file).read_text())))[where]
            for kind in ("sign", "factor"):
                if (where, kind) in NO_MISTAKE:
                    continue
                if (pair := change(function, kind)) is not None:
                    before, after = map(ast.unparse, pair)
                    found[subject, where, kind] = Mutant(subject, file, where, kind, before, after)
    return list(found.values())


def copied(folder: Path, root: Path = ROOT) -> Path:
    """A copy of the package beside links to the book's files."""
    folder.mkdir(parents=True)
    shutil.copytree(root / "reglib", folder / "reglib", ignore=shutil.ignore_patterns("__pyc*"))
    for name in ("book", "notebooks", "tests"):
        (folder / name).symlink_to(root / name)
    return folder


def edit(folder: Path, file: str, where: str, kind: str) -> None:
    """Put the mistake into the copy; or, for "seen", a note that it ran; for "same", x * 1."""
    path = folder / "reglib" / file
    tree = ast.parse(path.read_text(encoding="utf-8"))
    function = dict(functions(tree))[where]
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

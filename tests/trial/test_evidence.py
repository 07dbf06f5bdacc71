"""Typed evidence: what a sentence leans on stands beside it, in every claim of every notebook."""

import ast
from pathlib import Path

import nbformat
import numpy as np
import pytest
from scipy.stats import binomtest

from trial.page.claims import ContradictionError, Entry, weigh
from trial.page.evidence import Evidence, budget, counts, interval, lacking, window

ROOT = Path(__file__).parents[2]
TWO = {"seeds 0 to 49": 50, "seeds 50 to 99": 50}
TYPES = {"counts", "budget"}
COPIES = {"copy", "array", "asarray", "list", "float", "tuple"}


def cells():
    """(name of the notebook, syntax trees of its code cells up to a claim's, the claim's call)."""
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        trees = []
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "code":
                trees.append(ast.parse(cell.source))
                for node in ast.walk(trees[-1]):
                    if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "claim":
                        yield path.stem, tuple(trees), node


def literals(trees):
    """Names that only ever hold what was typed: nothing was computed for them."""
    typed, computed = set(), set()
    for node in (node for tree in trees for node in ast.walk(tree)):
        if isinstance(node, ast.Assign):
            names = {
                n.id for target in node.targets for n in ast.walk(target) if isinstance(n, ast.Name)
            }
            used = {n.id for n in ast.walk(node.value) if isinstance(n, ast.Name)}
            (typed if used <= typed | COPIES and not calls(node.value) else computed).update(names)
        elif isinstance(node, ast.AugAssign):
            computed |= {n.id for n in ast.walk(node.target) if isinstance(n, ast.Name)}
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ("append", "extend"):
            computed |= {n.id for n in ast.walk(node.func) if isinstance(n, ast.Name)}
        elif isinstance(node, ast.For | ast.comprehension):
            computed |= {n.id for n in ast.walk(node.target) if isinstance(n, ast.Name)}
        elif isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom):
            computed |= {a.asname or a.name for a in getattr(node, "names", [])} | {
                getattr(node, "name", "")
            }
    return typed - computed


def calls(node):
    """Whether something is called, copies apart."""
    named = [
        getattr(n.func, "id", getattr(n.func, "attr", ""))
        for n in ast.walk(node)
        if isinstance(n, ast.Call)
    ]
    return bool(set(named) - COPIES)


def bare(node):
    """An expression without the copies around it: `w.copy()` is w."""
    while isinstance(node, ast.Call):
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        if name not in COPIES:
            break
        node = node.args[0] if node.args else node.func.value
    return ast.dump(node)


def idle(value, typed):
    """Why an expression could not have come out otherwise; "" when it could."""
    names = {n.id for n in ast.walk(value) if isinstance(n, ast.Name)}
    if not names - typed - COPIES - {"all", "any", "len", "set", "np", "bool", "sorted"}:
        return "nothing in it was computed"
    for node in ast.walk(value):
        if isinstance(node, ast.Compare):
            sides = [bare(side) for side in (node.left, *node.comparators)]
            if len(set(sides)) < len(sides):
                return "it compares a thing with itself"
        name = getattr(getattr(node, "func", None), "attr", "")
        if name in ("array_equal", "allclose") and len({*map(bare, node.args[:2])}) == 1:
            if not isinstance(node.args[0], ast.Starred):
                return "it compares a thing with itself"
    return ""


CLAIMS = [(f"{name}-{call.args[0].value}", trees, call) for name, trees, call in cells()]


@pytest.mark.parametrize(("trees", "call"), [c[1:] for c in CLAIMS], ids=[c[0] for c in CLAIMS])
def test_evidence_could_have_come_out_otherwise(trees, call):
    typed = literals(trees)
    for keyword in call.keywords:
        if keyword.arg != "cites":
            for value in keyword.value.values:
                assert idle(value, typed) == "", ast.unparse(value)


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("True", "nothing"),
        ("there", "nothing"),
        ("len(works) == 3", "nothing"),
        ("kept == w", "nothing"),
        ("f(w) == f(w)", "itself"),
        ("np.array_equal(run, run.copy())", "itself"),
        ("float(run[0]) == run[0]", "itself"),
        ("run < 3", ""),
        ("np.allclose(run, w)", ""),
    ],
)
def test_a_lazy_piece_is_found(source, why):
    cell = ast.parse(
        "works = ['a', 'b', 'c']\nthere = True\nw = [1.0]\nkept = w.copy()\nrun = f(w)"
    )
    found = idle(ast.parse(source, mode="eval").body, literals([cell]))
    assert why in found and bool(why) == bool(found)


@pytest.mark.parametrize(("trees", "call"), [c[1:] for c in CLAIMS], ids=[c[0] for c in CLAIMS])
def test_a_sentence_that_counts_has_its_type(trees, call):
    for keyword in call.keywords:
        if keyword.arg != "cites":
            for sentence, value in zip(keyword.value.keys, keyword.value.values, strict=True):
                typed = isinstance(value, ast.Call) and getattr(value.func, "id", "") in TYPES
                assert typed or not lacking(sentence.value), sentence.value


@pytest.mark.parametrize(
    ("sentence", "needs"),
    [
        ("at most 2 of 40 networks learn with it", "counts"),
        ("each of 20 runs diverges", "counts"),
        ("Adam alone does not learn", "budget"),
        ("without a clip no network learns", "budget"),
        ("it fails to converge", "budget"),
        ("the loss falls at 3 of 4 rates", ""),
        ("the limit is 2/L", ""),
    ],
)
def test_a_bare_boolean_is_refused_beside_a_sentence_that_counts_or_says_fails(sentence, needs):
    assert lacking(sentence).startswith(needs) and bool(lacking(sentence)) == bool(needs)
    entry = Entry("C0", "claim", "A claim.", verdict="true")
    if needs:
        with pytest.raises(TypeError, match=needs):
            weigh(entry, {"holds": {sentence: np.True_}})
    weigh(entry, {"holds": {sentence: counts(np.True_, TWO)}})


def test_counts_come_from_blocks_and_a_budget_from_three_lengths():
    assert counts(True, TWO) == Evidence(True, "100 runs in 2 blocks of seeds")
    with pytest.raises(ValueError, match="two or more blocks of seeds, got"):
        counts(True, {"seeds 0 to 99": 100})
    with pytest.raises(ValueError, match="100 runs or more, got 40"):
        counts(True, {"first": 20, "second": 20})
    tried = budget({100: True, 400: True, 1600: np.True_})
    assert tried == Evidence(True, "at 100, 400 and 1600 steps")
    assert not budget({100: True, 400: True, 1600: False}).fact
    for lengths in ([], [100], [100, 400], [100, 200, 1600]):
        with pytest.raises(ValueError, match="1, 4 and 16 times, got"):
            budget(dict.fromkeys(lengths, True))


@pytest.mark.parametrize("fact", [1, "yes", None, [True]])
def test_the_fact_itself_is_a_boolean(fact):
    with pytest.raises(TypeError, match="must be True or False"):
        counts(fact, TWO)
    with pytest.raises(TypeError, match="must be True or False"):
        budget({1: True, 4: True, 16: fact})


def test_typed_evidence_that_did_not_come_true_stops_the_cell():
    entry = Entry("C0", "claim", "A claim.", verdict="true")
    with pytest.raises(ContradictionError, match="did not come true"):
        weigh(entry, {"holds": {"12 of 100 runs": counts(np.False_, TWO)}})


@pytest.mark.parametrize(("hits", "runs"), [(0, 20), (7, 40), (50, 100), (100, 100)])
def test_the_interval_is_scipy_s(hits, runs):
    theirs = binomtest(hits, runs).proportion_ci(method="wilson")
    np.testing.assert_allclose(interval(hits, runs), [theirs.low, theirs.high], atol=1e-6)


def test_a_window_says_its_ends_and_its_ratio():
    assert window({0.1: True, 10: True, 100: False}) == "from 0.1 to 10, a factor of 100"
    assert window({1: False}) == "nowhere"

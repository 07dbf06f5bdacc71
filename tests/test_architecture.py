"""Nothing imports upwards, and the core needs NumPy only. Change the table with a reason."""

import ast
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "reglib"
ALLOWED = {
    "__init__": {
        "datasets",
        "diagnostics",
        "estimators",
        "losses",
        "networks",
        "optimizers",
        "penalties",
        "solvers",
        "training",
        "tuning",
    },
    "_checks": {"_checks"},
    "_checks._words": {"numpy"},
    "_checks.arrays": {"numpy", "_checks"},
    "_checks.numbers": {"numpy", "_checks"},
    "_checks.things": {"numpy", "_checks"},
    "fast": set(),
    "fast.homotopy": {"numpy", "_checks"},
    "fast.kernel": {"numpy", "_checks"},
    "fast.screened": {"numpy", "_checks", "fast"},
    "penalties": {"penalties"},
    "penalties.entries": {"numpy", "_checks"},
    "penalties.parts": {"numpy", "_checks", "penalties"},
    "penalties.matrices": {"numpy", "_checks", "penalties"},
    "losses": {"numpy", "_checks"},
    "solvers": {"solvers"},
    "solvers.descent": {"numpy", "_checks", "losses", "penalties"},
    "solvers.direct": {"numpy", "_checks"},
    "solvers.coordinate": {"numpy", "_checks", "losses", "penalties", "solvers"},
    "solvers.homotopy": {"numpy", "_checks"},
    "solvers.line_search": {"numpy", "_checks", "penalties", "solvers"},
    "solvers.newton": {"numpy", "_checks", "solvers"},
    "solvers.paths": {"numpy", "_checks", "fast", "solvers"},
    "solvers.signs": {"numpy", "_checks", "fast"},
    "__main__": {"diagnostics", "book"},  # the book for a picture only, when it is drawn
    "diagnostics": {"diagnostics"},
    "diagnostics._trace": {"_checks", "diagnostics"},
    "diagnostics.causes": set(),
    "diagnostics.diagnosis": {"numpy", "_checks", "diagnostics"},
    "diagnostics.logs": {"numpy", "_checks", "diagnostics"},
    "diagnostics.measures": {"numpy", "_checks"},
    "diagnostics.quiet_rules": {"numpy", "diagnostics"},
    "diagnostics.rules": {"numpy", "_checks", "diagnostics"},
    "diagnostics.curvature": {"numpy", "_checks"},
    "diagnostics.gradients": {"numpy", "_checks"},
    "diagnostics.stability": {"numpy", "_checks", "diagnostics"},
    "networks": {"networks"},
    "networks._network": {"numpy", "_checks"},
    "networks._units": {"numpy", "_checks"},
    "networks.mlp": {"numpy", "_checks", "networks"},
    "networks.rnn": {"numpy", "_checks", "networks"},
    "networks.omega": {"numpy", "_checks", "networks"},
    "networks.unit": {"numpy", "_checks"},
    "optimizers": {"optimizers"},
    "optimizers.chain": {"numpy", "_checks"},
    "optimizers.clipping": {"numpy", "_checks", "optimizers"},
    "optimizers.hypergradient": {"numpy", "_checks", "optimizers"},
    "optimizers.scaling": {"numpy", "_checks"},
    "optimizers.schedules": {"_checks"},
    "tuning": {"tuning"},
    "tuning.folds": {"numpy", "_checks"},
    "tuning.implicit": {"numpy", "_checks", "losses", "solvers"},
    "tuning.lasso": {"numpy", "_checks", "datasets", "fast", "tuning"},
    "tuning.leave_one_out": {"numpy", "_checks", "solvers", "tuning"},
    "tuning.search": {"numpy", "_checks"},
    "tuning.selection": {"numpy", "_checks", "datasets", "solvers"},
    "training": {"numpy", "_checks"},
    "tuning.grids": {"numpy", "joblib", "_checks"},  # joblib when a sweep runs
    "conventions": {"numpy", "_checks"},
    "estimators": {"numpy", "sklearn", "_checks", "losses", "solvers", "tuning"},
    "datasets": {"datasets"},
    "datasets.tables": {"numpy", "_checks", "sklearn"},  # inside the function that loads its data
    "datasets.sequences": {"numpy", "_checks", "sklearn"},
    "datasets.cleaning": {"numpy", "_checks"},
    "datasets.augment": {"numpy", "_checks"},
}
BOOK = {"numpy", "matplotlib", "ipywidgets", "IPython", "PIL", "cycler", "yaml"}
TOOLS = {  # what re-executes the notebooks, and the progress bar of both commands
    "notebooks": {"nbclient", "nbformat", "tqdm"},
    "apart": {"tqdm"},
    "binding": {"bs4"},  # the book on paper
    "epub": {"bs4", "__version__"},
    "paper": {"playwright", "pypdf", "tqdm", "__version__"},
}


def imported(path):
    """Modules a file imports, anywhere in it: reglib's own by their short name."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: relative imports hide what is imported"
            inside = node.module in ("reglib", "reglib.book")
            names |= {f"{node.module}.{a.name}" if inside else node.module for a in node.names}
    own = {
        name.removeprefix("reglib.").split(".")[0] for name in names if name.startswith("reglib")
    }
    other = {name.split(".")[0] for name in names if not name.startswith("reglib")}
    return own | (other - set(sys.stdlib_module_names))


CORE = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts).replace(".__init__", ""): path
    for path in PACKAGE.rglob("*.py")
    if "book" not in path.relative_to(PACKAGE).parts
}


def test_every_module_stands_in_the_table():
    assert set(CORE) == set(ALLOWED)


@pytest.mark.parametrize("module", ALLOWED)
def test_a_core_module_imports_what_its_room_allows(module):
    assert imported(CORE[module]) <= ALLOWED[module]


@pytest.mark.parametrize("path", sorted((PACKAGE / "book").rglob("*.py")), ids=lambda p: p.stem)
def test_a_page_module_imports_the_core_and_the_page_libraries(path):
    tools = TOOLS.get(path.stem, set())
    assert imported(path) <= BOOK | tools | set(ALLOWED) - {"_checks", "fast"} | {"book"}


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: p.stem)
def test_a_module_can_be_read_in_one_sitting(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 260


def test_the_table_notices_an_import_upwards(tmp_path):
    planted = tmp_path / "planted.py"
    planted.write_text(
        "def f():\n    from reglib.book import style\n    import matplotlib.pyplot\n"
    )
    assert imported(planted) == {"book", "matplotlib"}

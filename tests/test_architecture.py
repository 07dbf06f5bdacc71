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
    "inputs": {"numpy", "inputs"},
    "inputs.words": {"numpy"},
    "inputs.checking": set(),
    "inputs.arrays": {"numpy", "inputs"},
    "inputs.numbers": {"numpy", "inputs"},
    "inputs.things": {"numpy", "inputs"},
    "_intervals": {"numpy", "inputs"},
    "penalties": {"penalties"},
    "penalties.entries": {"numpy", "inputs"},
    "penalties.parts": {"numpy", "inputs", "penalties"},
    "penalties.matrices": {"numpy", "inputs", "penalties"},
    "losses": {"numpy", "inputs"},
    "solvers": {"solvers"},
    "solvers.descent": {"numpy", "inputs", "losses", "penalties"},
    "solvers.direct": {"numpy", "inputs"},
    "solvers.coordinate": {"numpy", "inputs", "losses", "penalties", "solvers"},
    "solvers.homotopy": {"numpy", "inputs"},
    "solvers.kernel": {"numpy", "inputs"},
    "solvers.line_search": {"numpy", "inputs", "penalties", "solvers"},
    "solvers.newton": {"numpy", "inputs", "solvers"},
    "solvers.screened": {"numpy", "inputs", "solvers"},
    "solvers.paths": {"numpy", "inputs", "solvers"},
    "__main__": {"diagnostics", "book"},  # the book for a picture only, when it is drawn
    "diagnostics": {"diagnostics"},
    "diagnostics._trace": {"inputs", "diagnostics"},
    "diagnostics.causes": set(),
    "diagnostics.diagnosis": {"numpy", "inputs", "diagnostics"},
    "diagnostics.logs": {"numpy", "inputs", "diagnostics"},
    "diagnostics.measures": {"numpy", "inputs"},
    "diagnostics.quiet_rules": {"numpy", "diagnostics"},
    "diagnostics.rules": {"numpy", "inputs", "diagnostics"},
    "diagnostics.curvature": {"numpy", "inputs", "_intervals"},
    "diagnostics.gradients": {"numpy", "inputs"},
    "diagnostics.lanczos": {"numpy", "inputs"},
    "networks": {"networks"},
    "networks._network": {"numpy", "inputs"},
    "networks._units": {"numpy", "inputs"},
    "networks.mlp": {"numpy", "inputs", "networks"},
    "networks.rnn": {"numpy", "inputs", "networks"},
    "networks.omega": {"numpy", "inputs", "networks"},
    "networks.unit": {"numpy", "inputs"},
    "optimizers": {"optimizers"},
    "optimizers.chain": {"numpy", "inputs"},
    "optimizers.clipping": {"numpy", "inputs", "optimizers"},
    "optimizers.hypergradient": {"numpy", "inputs", "optimizers"},
    "optimizers.scaling": {"numpy", "inputs"},
    "optimizers.schedules": {"inputs"},
    "tuning": {"tuning"},
    "tuning.folds": {"numpy", "inputs"},
    "tuning.implicit": {"numpy", "inputs", "losses", "solvers"},
    "tuning.lasso": {"numpy", "inputs", "datasets", "solvers", "tuning"},
    "tuning.leave_one_out": {"numpy", "inputs", "tuning"},
    "tuning.search": {"numpy", "inputs"},
    "tuning.selection": {"numpy", "inputs", "datasets", "solvers"},
    "training": {"numpy", "inputs"},
    "tuning.grids": {"numpy", "joblib", "inputs"},  # joblib when a sweep runs
    "conventions": {"numpy", "inputs"},
    "estimators": {"numpy", "sklearn", "inputs", "losses", "solvers", "tuning"},
    "datasets": {"datasets"},
    "datasets.tables": {"numpy", "inputs", "sklearn"},  # inside the function that loads its data
    "datasets.sequences": {"numpy", "inputs", "sklearn"},
    "datasets.cleaning": {"numpy", "inputs"},
    "datasets.augment": {"numpy", "inputs"},
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
    assert imported(path) <= BOOK | tools | set(ALLOWED) - {"inputs", "_intervals"} | {"book"}


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: p.stem)
def test_a_module_can_be_read_in_one_sitting(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 260


def test_the_table_notices_an_import_upwards(tmp_path):
    planted = tmp_path / "planted.py"
    planted.write_text(
        "def f():\n    from reglib.book import style\n    import matplotlib.pyplot\n"
    )
    assert imported(planted) == {"book", "matplotlib"}

"""The laws of the house: nothing imports upwards, and each room knows what it may ask for.

A room is a folder or a file of `reglib`, or a folder of `trial`. Change a row with a reason.
"""

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HOMES = {"reglib": ROOT / "reglib", "trial": ROOT / "book" / "trial"}

# Room -> the rooms it may import from, all of which stand above it in this table: so no arrow goes
# upwards and none goes in a circle. A dependency that is not ours stands in OTHERS.
ROOMS = {
    "reglib.inputs": "",
    "reglib.extras": "",
    "reglib.penalties": "reglib.inputs",
    "reglib.losses": "reglib.inputs",
    "reglib.networks": "reglib.inputs",
    "reglib.optimizers": "reglib.inputs",
    "reglib.datasets": "reglib.inputs reglib.extras",
    "reglib.conventions": "reglib.inputs",
    "reglib.training": "reglib.inputs",
    "reglib.fast": "reglib.inputs",
    "reglib.solvers": "reglib.inputs reglib.losses reglib.penalties reglib.fast",
    "reglib.diagnostics": "reglib.inputs reglib.solvers",
    "reglib.tuning": (
        "reglib.inputs reglib.extras reglib.datasets reglib.losses reglib.fast reglib.solvers"
    ),
    "reglib.doctor": "reglib.extras",
    "reglib.__main__": "reglib.doctor",
    "trial.data": "",
    "trial.page": "reglib trial.data",
    "trial.chapters": "reglib trial.page trial.data",
    # the tables computed apart name their chapters in words
    "trial.press": "reglib trial.data trial.page",
    "trial.sphinx": "trial.data trial.page trial.chapters trial.press",
}
# Room -> what it imports besides NumPy and the standard library, when it is imported or later.
OTHERS = {
    "reglib.datasets": "sklearn",  # inside the functions that load its data
    "reglib.tuning": "joblib",  # when a sweep runs
    "reglib.doctor": "matplotlib",  # for a picture
    "trial.page": "matplotlib cycler PIL IPython ipywidgets yaml",
    "trial.chapters": "matplotlib IPython",
    "trial.press": "nbclient nbformat tqdm bs4 playwright pypdf PIL yaml pybtex",
    "trial.sphinx": (
        "sphinx docutils myst_nb jupyter_cache nbformat bs4 tinycss2 py_mini_racer numpydoc "
        "matplotlib PIL sphinx_proof sphinx_exercise threadpoolctl"
    ),
}
CORE = [room for room in ROOMS if room.startswith("reglib.")]
ADDRESS = re.compile(
    r"\btrial\.|\bChapter|\bchapters?\b(?! \d)|notebooks/|book/|tests/|\w\.html|\w\.ipynb"
)
ODD_NAME = re.compile(r"2|again|more|page|moves")


def room_of(module):
    """`reglib.penalties` for `reglib.penalties.entries`; `reglib` for the package itself."""
    return ".".join(module.split(".")[:2])


def modules(home):
    """Dotted name -> file, of everything in a package."""
    found = {}
    for path in sorted(HOMES[home].rglob("*.py")):
        parts = path.relative_to(HOMES[home]).with_suffix("").parts
        found[".".join([home, *parts]).removesuffix(".__init__")] = path
    return found


MODULES = modules("reglib") | modules("trial")


def imported(path, module, at_once=False):
    """Dotted names that a file imports, anywhere in it or when it is itself imported."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inside = {
        node
        for outer in ast.walk(tree)
        if isinstance(outer, (ast.FunctionDef, ast.AsyncFunctionDef))
        or (isinstance(outer, ast.If) and "TYPE_CHECKING" in ast.unparse(outer.test))
        for node in ast.walk(outer)
    }
    names = set()
    for node in ast.walk(tree):
        if at_once and node in inside:
            continue
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative imports hide what is imported"
            whole = node.module in HOMES  # `from reglib import conventions`
            names |= {f"{node.module}.{a.name}" if whole else node.module for a in node.names}
    return names


def asked(module, **options):
    """Rooms of ours, and packages of others, that a module asks for."""
    names = imported(MODULES[module], module, **options)
    ours = {room_of(name) for name in names if name.split(".")[0] in HOMES}
    others = {name.split(".")[0] for name in names} - set(HOMES) - set(sys.stdlib_module_names)
    return ours - {room_of(module)}, others


def test_every_module_stands_in_a_room_and_every_room_stands():
    rooms = {room_of(module) for module in MODULES} - set(HOMES)
    assert rooms == set(ROOMS)


def test_no_arrow_of_the_table_goes_upwards():
    seen = {"reglib"}
    for room, below in ROOMS.items():
        assert set(below.split()) <= seen, room
        seen.add(room)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_asks_only_for_what_its_row_allows(room):
    below, others = set(ROOMS[room].split()), {"numpy", *OTHERS.get(room, "").split()}
    for module in (m for m in MODULES if room_of(m) == room):
        ours, theirs = asked(module)
        ours = {"reglib" if "reglib" in below and o.startswith("reglib") else o for o in ours}
        assert ours <= below, module
        assert theirs <= others, module


@pytest.mark.parametrize("room", CORE)
def test_the_library_is_imported_with_numpy_alone(room):
    for module in (m for m in MODULES if room_of(m) == room and not m.endswith(".picture")):
        assert asked(module, at_once=True)[1] <= {"numpy"}


@pytest.mark.parametrize("module", [m for m in MODULES if m.startswith("reglib")])
def test_the_library_names_no_chapter_no_page_and_no_path(module):
    found = ADDRESS.findall(MODULES[module].read_text(encoding="utf-8"))
    assert found == []


def test_a_file_is_named_by_its_idea():
    named = [m for m in MODULES if m.startswith(("reglib", "trial.chapters"))]
    assert {m for m in named if ODD_NAME.search(m.split(".")[-1])} == set()


def test_an_import_upwards_is_noticed(tmp_path):
    planted = tmp_path / "planted.py"
    planted.write_text("def f():\n    from trial.page import style\n    import matplotlib.pyplot\n")
    assert imported(planted, "reglib.losses") == {"trial.page", "matplotlib.pyplot"}
    assert imported(planted, "reglib.losses", at_once=True) == set()
    assert ADDRESS.search("the chapter on depth") and ADDRESS.search("notebooks/01_two.html")


def test_the_laws_hold_wherever_the_checkout_lies(tmp_path):
    """In a folder that is called like one of ours, with a space above it."""
    there = tmp_path / "a reader's notebooks" / "book"
    quick = ["test_architecture", "test_notebooks", "test_glossary", "test_errata"]
    ignored = shutil.ignore_patterns("__pycache__", "_build", "theme")
    for name in ("reglib", "book", "notebooks", "tests", "benchmarks"):
        shutil.copytree(ROOT / name, there / name, ignore=ignored)
    for name in ("pyproject.toml", "conftest.py"):
        shutil.copy(ROOT / name, there)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
    command += [f"tests/repo/{name}.py" for name in quick]
    command += ["-k", "not wherever_the_checkout_lies"]
    run = subprocess.run(command, cwd=there, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout[-2000:]

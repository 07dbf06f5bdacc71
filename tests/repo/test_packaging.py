"""What a fresh clone relies on: the lock, the commands, one version, a core of NumPy alone."""

import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml
from flit_core.wheel import make_wheel_in
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import reglib
import trial

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
BOOK = tomllib.loads((ROOT / "book" / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


LOCK = read("requirements.lock")
# An entry: name[extras]==version, a marker or none, and at least one hash a line. Without the
# extras pip, asked for name[extra], refuses a release that is not the newest.
ENTRY = re.compile(
    r"([\w.-]+)(?:\[[\w,-]+\])?==([\w.]+)"
    r"(?: ;[^\\]+)? \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)"
)
PINS = [(canonicalize_name(name), version) for name, version, _ in ENTRY.findall(LOCK)]


def test_every_line_of_the_lock_is_a_version_with_hashes():
    assert len(PINS) > 100
    assert ENTRY.sub("", LOCK) == ""


def test_the_lock_holds_no_address():
    assert "//" not in LOCK
    assert "--index" not in LOCK
    assert " @ " not in LOCK


def test_the_lock_satisfies_what_pyproject_asks():
    asked = [
        text
        for project in (PROJECT, BOOK)
        for text in project["dependencies"] + sum(project["optional-dependencies"].values(), [])
        if not text.startswith("reglib")
    ]
    for requirement in map(Requirement, asked):
        pinned = [v for name, v in PINS if name == canonicalize_name(requirement.name)]
        assert pinned, f"{requirement} is not in requirements.lock: run `make lock`"
        assert all(map(requirement.specifier.contains, pinned)), (str(requirement), pinned)


def test_jupyter_book_is_the_last_of_its_first_kind():
    (version,) = [version for name, version in PINS if name == "jupyter-book"]
    assert version.startswith("1.")


def test_numpy_is_the_only_hard_dependency():
    assert [Requirement(text).name for text in PROJECT["dependencies"]] == ["numpy"]


BLOCKED = """
import sys, numpy
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] not in {*sys.stdlib_module_names, "numpy", "reglib"}:
            raise ImportError(f"the core of reglib asks for {name}")
sys.meta_path.insert(0, Block())
import importlib
for name in sys.argv[1:]:
    importlib.import_module(name)
"""


def core():
    """Every module but a picture and what runs when imported."""
    for path in sorted((ROOT / "reglib").rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        if not {"__main__", "picture"} & set(parts):
            yield ".".join(parts).removesuffix(".__init__")


def test_the_core_imports_with_numpy_alone():
    names = list(core())
    assert {"reglib", "reglib.penalties", "reglib.solvers"} <= set(names)
    assert subprocess.run([sys.executable, "-c", BLOCKED, *names]).returncode == 0


def test_the_block_on_imports_blocks():
    run = subprocess.run([sys.executable, "-c", BLOCKED, "yaml"], capture_output=True, text=True)
    assert "asks for yaml" in run.stderr


def seconds(code):
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - start


def test_importing_reglib_costs_less_than_importing_numpy():
    def ratio():
        # Turn and turn about, and the best of each: whatever else the machine does hits both.
        pairs = [(seconds("import numpy"), seconds("import reglib")) for _ in range(5)]
        numpy, ours = map(min, zip(*pairs, strict=True))
        return ours / numpy

    assert ratio() <= 1 or ratio() <= 1


def test_a_module_is_loaded_when_it_is_first_asked_for():
    code = "import sys, reglib; assert 'numpy' not in sys.modules; reglib.penalties.L2(1.0)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
    with pytest.raises(AttributeError, match="module 'reglib' has no attribute 'penalty'"):
        reglib.penalty  # noqa: B018
    assert set(reglib.__all__) <= set(dir(reglib))


def test_the_version_is_written_the_same_everywhere():
    heading = re.search(r"^## (\S+)", read("CHANGELOG.md"), re.M)
    assert heading is not None
    assert reglib.__version__ == yaml.safe_load(read("CITATION.cff"))["version"] == heading[1]


def test_the_wheels_have_the_names_that_the_readme_gives():
    named = set(re.findall(r"(\w+)-([\d.]+)-py3-none-any\.whl", read("README.md")))
    assert named == {(module.__name__, module.__version__) for module in (reglib, trial)}


def test_the_release_has_one_date():
    cited = yaml.safe_load(read("CITATION.cff"))["date-released"]
    assert f"## {reglib.__version__} - {cited}\n" in read("CHANGELOG.md")


def test_type_hints_are_declared():
    assert (ROOT / "reglib" / "py.typed").is_file()


MAKEFILE = read("Makefile")
TARGETS = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.M))
# `make lab` or a line of a block; "make" in a sentence is a word
CALL = re.compile(r"(?:^|`)make ([a-z-]+)", re.M)


def make(*arguments, cwd=ROOT):
    # As typed in a terminal: not as part of the `make test` that runs this test.
    kept = {k: v for k, v in os.environ.items() if not k.startswith("MAKE") and k != "UNPINNED"}
    command = ["make", *arguments]
    return subprocess.run(command, cwd=cwd, env=kept, capture_output=True, text=True)


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_every_command_that_a_page_names_exists(page):
    named = set(CALL.findall(read(page)))
    assert {"book", "test"} <= named
    assert named <= TARGETS


def test_help_lists_every_command():
    shown = make().stdout
    assert TARGETS == set(re.findall(r"^  make (\S+)", shown, re.M))


def test_the_readme_without_make_says_what_make_does():
    (block,) = re.findall(r"## The same without make\n\n```sh\n(.*?)```", read("README.md"), re.S)
    shown = make("-n", "-B", "book", "test").stdout
    done = shown.replace("\\\n", "").replace(str(ROOT), "$PWD")
    done = re.sub(r"\s+", " ", done)
    for line in block.splitlines()[1:]:
        assert line.startswith("# ") or line in done, line


def test_ci_runs_the_readmes_test_command():
    script = read(".ci/run").splitlines()
    assert script[-1] == "make test"
    assert "\nmake test\n```" in read("README.md")
    assert "set -euo pipefail" in script


# This Python, taken for an older one
OLD = f"""#!/bin/sh
test "$1" = --version && echo Python 3.10.14 && exit
exec '{sys.executable}' -c 'import sys; sys.version_info = (3, 10, 14); exec(sys.argv[1])' "$2"
"""


def test_an_old_python_is_refused_in_words(tmp_path):
    for name in ["Makefile", "pyproject.toml", "book/pyproject.toml", "requirements.lock"]:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(read(name), encoding="utf-8")
    old = tmp_path / "python3.10"
    old.write_text(OLD, encoding="utf-8")
    old.chmod(0o755)
    run = make("book", f"PYTHON={old}", cwd=tmp_path)
    assert run.returncode != 0
    assert "Python 3.11 or newer is needed" in run.stderr
    assert "Python 3.10.14" in run.stderr
    assert not (tmp_path / ".venv").exists()


@pytest.mark.slow
def test_a_fresh_copy_installs_once(tmp_path):
    copied = ["Makefile", "pyproject.toml", "book/pyproject.toml", "requirements.lock", "README.md"]
    for name in [*copied, "reglib/__init__.py", "book/trial/__init__.py"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(read(name), encoding="utf-8")
    half_made = tmp_path / ".venv" / "bin"
    half_made.mkdir(parents=True)
    assert make("-q", "install", cwd=tmp_path).returncode == 1
    run = make("install", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert make("-q", "install", cwd=tmp_path).returncode == 0
    python = tmp_path / ".venv" / "bin" / "python"
    assert subprocess.run([python, "-m", "pip", "check"]).returncode == 0


@pytest.fixture(scope="module")
def wheels(tmp_path_factory):
    """Both wheels, unpacked side by side in a folder that holds nothing else."""
    folder = tmp_path_factory.mktemp("wheels")
    for place in (ROOT, ROOT / "book"):
        built = make_wheel_in(place / "pyproject.toml", folder).file
        with zipfile.ZipFile(built) as wheel:
            wheel.extractall(folder)
        built.unlink()
    return folder


def test_each_wheel_holds_its_own_package_and_what_it_reads(wheels):
    held = {path.name for path in wheels.iterdir() if not path.name.endswith(".dist-info")}
    assert held == {"reglib", "trial"}
    for package, home in (("reglib", ROOT / "reglib"), ("trial", ROOT / "book" / "trial")):
        files = {p.relative_to(home) for p in home.rglob("*") if p.suffix not in ("", ".pyc")}
        assert files == {p.relative_to(wheels / package) for p in (wheels / package).rglob("*.*")}
    (entries,) = wheels.glob("reglib-*/entry_points.txt")
    assert "reglib=reglib.__main__:main" in entries.read_text()


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [path.stem for path in sorted((ROOT / "notebooks").glob("*.ipynb"))]
)
def test_a_notebook_runs_with_the_wheels_alone(wheels, tmp_path, name):
    """In an empty folder: nothing that it reads stands in the checkout."""
    code = (
        "import sys, nbformat, trial, reglib; from nbclient import execute;"
        "assert trial.__file__.startswith(sys.argv[2]) and reglib.__file__.startswith(sys.argv[2]);"
        "execute(nbformat.read(sys.argv[1], as_version=4), cwd='.', timeout=120)"
    )
    shutil.copy(ROOT / "notebooks" / f"{name}.ipynb", tmp_path)
    env = os.environ | {"PYTHONPATH": str(wheels)}
    command = [sys.executable, "-c", code, f"{name}.ipynb", str(wheels)]
    subprocess.run(command, cwd=tmp_path, env=env, check=True)

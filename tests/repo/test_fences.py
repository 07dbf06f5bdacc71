"""The fences of a chapter run where the reader works, and print what they say they print.

A ```python fence of a notebook that imports a framework is a whole program. Its k-th printed line
is written behind it in a comment, `# -> 0.123`; the numbers agree to 3 digits. The frameworks are
no dependency of the book: FENCES_PYTHON may name the Python that has them.
"""

import math
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import nbformat
import pytest

CHAPTERS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
FRAMEWORKS = ("torch", "sklearn", "keras", "jax", "optax")
PYTHON = os.environ.get("FENCES_PYTHON", sys.executable)
FENCE = re.compile(r"^```python\n(.*?)^```$", re.M | re.S)
IMPORT = re.compile(rf"^(?:import|from) ({'|'.join(FRAMEWORKS)})\b", re.M)
SAID = re.compile(r"# -> (.*)$", re.M)
NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*(?:e[-+]?\d+)?|inf|nan)|True|False")


def programs(notebook):
    """The fences in Markdown cells that import a framework."""
    texts = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    return [f for text in texts for f in FENCE.findall(text) if IMPORT.search(f)]


FENCES = [
    pytest.param(program, id=f"{path.stem}-{k}")
    for path in CHAPTERS
    for k, program in enumerate(programs(nbformat.read(path, as_version=4)), start=1)
]


@cache
def has(framework):
    return not subprocess.run([PYTHON, "-c", f"import {framework}"], capture_output=True).returncode


def complaints(program, printed):
    """Where what a program printed is not what its comments say."""
    said, lines = SAID.findall(program), printed.splitlines()
    if len(said) != len(lines):
        return [f"{len(lines)} lines printed, {len(said)} said"]
    pairs = [(NUMBER.findall(a), NUMBER.findall(b)) for a, b in zip(said, lines, strict=True)]
    return [f"said {a}, printed {b}" for a, b in pairs if not same(a, b)]


def same(said, printed):
    """As many numbers, and each the same to 3 digits; words as they stand."""
    return len(said) == len(printed) > 0 and all(map(close, said, printed))


def close(a, b):
    try:
        return math.isclose(float(a), float(b), rel_tol=5e-3) or a == b
    except ValueError:
        return a == b


@pytest.mark.slow
@pytest.mark.parametrize("program", FENCES)
def test_a_fence_prints_what_it_says(program, tmp_path):
    if not all(map(has, IMPORT.findall(program))):
        pytest.skip("no framework found")
    run = subprocess.run(
        [PYTHON, "-c", program], capture_output=True, text=True, cwd=tmp_path, timeout=120
    )
    assert run.returncode == 0, run.stderr
    assert complaints(program, run.stdout) == []


def test_there_are_fences_and_each_number_of_one_is_printed():
    assert FENCES
    for program in (fence.values[0] for fence in FENCES):
        assert bool(SAID.search(program)) == ("print(" in program)


@pytest.mark.parametrize(
    ("said", "printed", "wrong"),
    [
        ("0.123", "0.12345\n", False),
        ("0.123", "0.125\n", True),
        ("[1.9e15, 7.0e15]", "[1904560000000000.0, 7.011e+15]\n", False),
        ("[1.9e15, 7.0e15]", "[1904560000000000.0]\n", True),
        ("inf", "tensor(inf)\n", False),
        ("0.5", "nan\n", True),
        ("True", "False\n", True),
        ("0.5", "", True),
        ("words", "words\n", True),
    ],
)
def test_a_number_that_a_program_did_not_print_is_found(said, printed, wrong):
    assert bool(complaints(f"print(x)  # -> {said}", printed)) is wrong


def test_a_program_is_a_fence_that_imports_a_framework():
    text = "```python\nimport torch\n```\n\n```python\nimport torchy\n```\n\n```python\nw = 1\n```"
    cells = [nbformat.v4.new_markdown_cell(text), nbformat.v4.new_code_cell(text)]
    assert programs(nbformat.v4.new_notebook(cells=cells)) == ["import torch\n"]

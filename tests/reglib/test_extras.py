"""With NumPy alone every public name is there, or one line names the extra that it needs."""

import json
import re
import subprocess
import sys

import pytest

import reglib
from reglib.extras import extra

ALONE = """
import sys
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"matplotlib", "sklearn", "joblib", "pandas", "scipy"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Block())
import importlib, json, tempfile
import numpy as np
import reglib
said = {}
def tried(name, call):
    try:
        call()
    except Exception as error:
        said[name] = f"{type(error).__name__}: {error}"
for room in reglib.__all__:
    tried(room, lambda: importlib.import_module(f"reglib.{room}"))
    module = sys.modules.get(f"reglib.{room}")
    for name in getattr(module, "__all__", []):
        tried(f"{room}.{name}", lambda: getattr(module, name))
from reglib import datasets, doctor, tuning
import reglib.doctor.picture
tried("diabetes()", datasets.diabetes)
tried("digits()", datasets.digits)
tried("article()", datasets.article)
one = lambda lam: {"w": lam}
tried("sweep()", lambda: tuning.sweep(one, {"lam": np.ones(3)}, chunk=1))
tried("picture", lambda: doctor.picture.save("a.png", doctor.diagnose([1.0, 2.0])))
print(json.dumps(said))
"""


@pytest.fixture(scope="module")
def said():
    run = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, text=True, check=True)
    return json.loads(run.stdout)


@pytest.mark.parametrize(
    ("name", "package", "named"),
    [
        ("diabetes()", "sklearn", "sklearn"),
        ("digits()", "sklearn", "sklearn"),
        ("sweep()", "joblib", "sweep"),
        ("picture", "matplotlib", "picture"),
    ],
)
def test_what_is_missing_is_one_line_that_names_the_extra(said, name, package, named):
    assert re.fullmatch(
        rf"ImportError: {package} is missing: pip install 'reglib\[{named}\]'", said.pop(name)
    )


def test_everything_else_is_there(said):
    assert set(said) <= {"diabetes()", "digits()", "sweep()", "picture"}
    assert {"penalties", "tuning", "doctor"} <= set(reglib.__all__)


def test_another_fault_inside_is_not_taken_for_a_missing_package():
    with pytest.raises(ZeroDivisionError), extra("sklearn"):
        1 / 0  # noqa: B018

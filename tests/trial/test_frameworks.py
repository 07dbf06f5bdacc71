"""The page *Where your framework stands*: each line ends where its sentence ends, each cell of its
tables is what was recorded; where the frameworks are installed, a slow test records them again."""

import csv
import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from reglib import datasets, losses, optimizers
from trial.data import FOLDER

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "book" / "frameworks.md").read_text(encoding="utf-8")
ROWS = list(csv.DictReader((FOLDER / "frameworks.csv").read_text(encoding="utf-8").splitlines()))
RECORDED = json.loads((FOLDER / "recorded" / "frameworks.json").read_text(encoding="utf-8"))
SCRIPT = ROOT / "tests" / "reglib" / "recording" / "record_frameworks.py"
NEEDED = ("torch", "keras", "jax", "optax", "transformers", "accelerate", "lightning")
LOSS = losses.SquaredError(*datasets.article()[:2])
PAIR = (
    r"^([^`\n]+(?:`\w+`[^`\n]*)*)\n\n```python\n(.+)\n"
    r"(Optimizer\((?:.+\)|\n(?:    .+\n)+\)))\n```"
)
CELLS = {"beta2": "{:g}", "eps": "{:.0e}", "decay": "{:g}", "clip": "{:g}"}


def ends(sentence):
    """Where 30 steps of a sentence of ours lead."""
    optimizer, w = eval(sentence, vars(optimizers)), np.array([3.0, 2.0])
    memory = optimizer.start(w)
    for _ in range(30):
        w, memory = optimizer.step(w, gradient=LOSS.gradient(w), memory=memory)
    return w


def one_line(call):
    """A call that stands on several lines, an argument a line."""
    return re.sub(r",\n\)", ")", re.sub(r",\n +", ", ", re.sub(r"\(\n +", "(", call)))


def table(heading):
    """First cell -> the other cells, of the table below a heading."""
    section = re.search(rf"^## {heading}.*?\n(.*?)(?=^## |\Z)", PAGE, re.S | re.M)[1]
    lines = re.findall(r"^\| (.+) \|$", section, re.M)
    rows = [re.split(r" \| ", line) for line in lines]
    return {first.replace("`", ""): rest for first, *rest in rows}


@pytest.mark.parametrize("row", ROWS, ids=[f"{r['library']}: {r['there']}" for r in ROWS])
def test_a_line_ends_where_its_sentence_ends(row):
    found = RECORDED["ends"][row["there"]]
    close = 2e-5 if "1e-7" in row["here"] else 5e-6  # Keras adds eps before the bias correction
    np.testing.assert_allclose(found, ends(row["here"]), rtol=0, atol=close)
    others = {other["here"] for other in ROWS} - {row["here"]}
    near = [
        np.abs(np.subtract(found, ends(other))).max() for other in others if "1e-7" not in other
    ]
    assert "1e-7" in row["here"] or min(near) > 1e-3  # no other sentence of the page ends there


def test_the_page_has_the_lines_and_every_line_was_recorded():
    assert set(RECORDED["ends"]) == {row["there"] for row in ROWS}
    for library in dict.fromkeys(row["library"] for row in ROWS):
        section = re.search(rf"^### {library}\n(.*?)(?=^##|\Z)", PAGE, re.S | re.M)[1]
        lines = re.findall(PAIR, section, re.M)
        rows = [row for row in ROWS if row["library"] == library]
        joined = [(s, t, one_line(h)) for s, t, h in lines]
        assert joined == [(row["stands"], row["there"], row["here"]) for row in rows]
    blocks = re.findall(r"^```python\n(.+?)^```", PAGE, re.M | re.S)
    assert max(len(line) for block in blocks for line in block.splitlines()) <= 78


def test_the_first_table_says_which_sentence_has_a_line():
    names = {"ClipByNorm": "clip", "WeightDecay": "decay", "AdamScaling": "scaling"}
    lines = {}
    for row in ROWS:
        order = ", ".join(names[word] for word in re.findall("|".join(names), row["here"]))
        lines.setdefault((order, row["library"]), []).append(row["there"])
    libraries = ("PyTorch", "Keras", "optax", "Hugging Face")
    for order, cells in table("The line for each sentence").items():
        if order not in ("sentence", "---"):
            for library, cell in zip(libraries, cells, strict=True):
                there = lines.get((order, library), [])
                assert bool(there) == (cell != "—"), (order, library)
                for name in re.findall(r"`([A-Z]\w+|adamw)`", cell):
                    assert any(f"{name}(" in line for line in there), (order, library, name)


def test_the_defaults_are_those_of_the_signatures():
    found = table("Defaults")
    wanted = {name: row for name, row in RECORDED["defaults"].items() if "beta2" in row}
    assert set(found) - {""} - {"---"} >= set(wanted)
    for name, row in wanted.items():
        cells = ["—" if row[k] is None else form.format(row[k]) for k, form in CELLS.items()]
        assert [cell.replace("e-0", "e-") for cell in found[name]] == [
            cell.replace("e-0", "e-") for cell in cells
        ], name
    trainer = RECORDED["defaults"]["Hugging Face Trainer"]
    assert trainer["warm-up"] == 0 and trainer["schedule"] == "linear"
    assert trainer["optimizer"].startswith("adamw")


def test_what_is_decayed_is_what_moved():
    found = table("What is decayed")
    for name, moved in RECORDED["moved"].items():
        kinds = ("embeddings", "matrices", "biases", "norms")
        assert found[name] == ["yes" if kind in moved else "no" for kind in kinds], name


def test_the_lines_that_choose_leave_matrices_alone_to_decay():
    assert RECORDED["chosen"] == dict.fromkeys(("PyTorch", "Keras", "optax"), ["matrices"])


def test_accumulation_is_clipped_once_or_each_time():
    g = np.array([[6, 8], [0, -0.5]])

    def clip(v):
        return v / np.maximum(1, np.linalg.norm(v, axis=-1, keepdims=True))

    outcomes = {"once": clip(g.mean(axis=0)), "each": clip(g).mean(axis=0)}
    found = table("Accumulation")
    for line, end in RECORDED["accumulated"].items():
        update = np.subtract([3, 2], end)
        which = [w for w, u in outcomes.items() if np.allclose(update, u, rtol=1e-5)]
        assert found[line] == [f"({update[0]:.2f}, {update[1]:.2f})", *which], line


def test_a_loss_scale_does_what_the_page_says():
    found, scaler = table("Loss scale"), RECORDED["scaler"]
    torch = RECORDED["defaults"]["PyTorch GradScaler"]
    keras = RECORDED["defaults"]["Keras LossScaleOptimizer"]
    assert torch["growth_factor"] == 2 and torch["backoff_factor"] == 0.5
    told = [f"{torch['init_scale']:,.0f}", f"{torch['growth_interval']:,} steps", "at an overflow"]
    assert found["PyTorch GradScaler"] == told
    told = [f"{keras['initial_scale']:,.0f}", f"{keras['dynamic_growth_steps']:,} steps"]
    assert found["Keras LossScaleOptimizer"][:2] == told
    assert scaler["norms"][1] == "inf" and scaler["weights"][1] == scaler["weights"][0]
    assert scaler["scales"][:2] == [65536, 32768]
    assert scaler["twice"] in PAGE and scaler["after 200 overflows"] == 0


def test_the_page_names_the_versions():
    made = RECORDED["made_with"]
    names = {"torch": "PyTorch", "keras": "Keras"}
    assert all(f"{names.get(name, name)} {number}" in PAGE for name, number in made.items())


@pytest.mark.slow
@pytest.mark.skipif(
    not all(map(importlib.util.find_spec, NEEDED)), reason="no frameworks installed"
)
def test_the_frameworks_still_do_what_was_recorded(tmp_path):
    subprocess.run([sys.executable, SCRIPT, tmp_path / "again.json"], check=True)
    again = json.loads((tmp_path / "again.json").read_text(encoding="utf-8"))
    assert again["defaults"] == RECORDED["defaults"] and again["moved"] == RECORDED["moved"]
    assert again["home"]["scales"] == RECORDED["home"]["scales"]
    for part in ("ends", "accumulated"):
        for line, end in RECORDED[part].items():
            np.testing.assert_allclose(again[part][line], end, rtol=1e-4, atol=1e-6)

"""Recorded traces with a known cause, and how often the doctor is right about them.

`data/traces` holds for each kind of `FAMILIES` the runs of the half of its families on which the
rules are written, and of the frozen half, and long healthy runs; `FROZEN` are the hashes of what is
frozen.
"""

from __future__ import annotations

import csv
import hashlib
import io
import lzma
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import isnan
from typing import NamedTuple

import numpy as np

from reglib.doctor import Report, diagnose
from trial import data

FOLDER = data.FOLDER / "traces"
FROZEN = {
    "frozen_runs": "c3dd1fd06c4517a6b0b942fac8eba166df31fd8facce3599c0dcdc04cf3456b2",
    "frozen_transformers": "37218171911c55eb2a9b86bc7bc52a550d7d3d148780ce71c6a546dea583aec8",
    "frozen_torch": "5edd62cf49a85afab8d45629929584095dbf6c5d81b35f48c9fad45533ccecf3",
    "frozen_jax": "4bd5a2731954679ac2d400ae46c4bfa23ebf660d3ab7e40af2ae1f32306295ee",
    "frozen_long": "2fabb20f8ad76b672229a4fec52f7f569d17480d50a883824bcf32748cb80d64",
}
"""File -> SHA-256 of what is in it: no run has been added, taken away or changed."""
FAMILIES = {
    "runs": tuple("patients above years wave pictures deep patches memory first rows".split()),
    "transformers": ("copying", "typing"),
    "torch": tuple(f"torch {name}" for name in "mlp autoencoder cnn rnn gru gpt".split()),
    "jax": ("jax mlp", "jax rnn"),
}
"""Kind -> its families: networks of this book, its transformers, runs of PyTorch and of JAX."""
SPIKES = ("spike, recovered", "spike, not recovered")
CALM = ("healthy", "cannot tell")
QUANTITIES = {
    "grad_norm": "gradient_norms",
    "lr": "learning_rates",
    "step": "steps",
    "val_loss": "validation",
    "loss_scale": "loss_scale",
    "param_norm": "parameter_norms",
}


@dataclass
class Run:
    """A recorded trace: columns by name, one number a row. Several causes, by |: all are right."""

    name: str
    family: str
    cause: str
    optimizer: str
    columns: dict[str, list[float]] = field(default_factory=dict)

    def report(self, rows: slice = slice(None)) -> Report:
        """What the doctor says about it, or about some of its rows."""
        known = {
            QUANTITIES[name]: [None if name == "val_loss" and isnan(v) else v for v in column[rows]]
            for name, column in self.columns.items()
            if name in QUANTITIES
        }
        return diagnose(self.columns["loss"][rows], **known)


def write(name: str, runs: Iterable[Run]) -> str:
    """Pack runs into a file; returns its name and the hash of what is in it."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    for run in runs:
        lines.writerow(["run", run.name, run.family, run.cause, run.optimizer, *run.columns])
        for row in zip(*run.columns.values(), strict=True):
            lines.writerow([f"{value:.4g}" for value in row])
    FOLDER.mkdir(exist_ok=True)
    content = text.getvalue().encode()
    (FOLDER / f"{name}.csv.xz").write_bytes(lzma.compress(content, preset=9))
    return f"{name}: {hashlib.sha256(content).hexdigest()}"


def content(name: str) -> bytes:
    """A file, unpacked."""
    return lzma.decompress((FOLDER / f"{name}.csv.xz").read_bytes())


def read(name: str) -> list[Run]:
    """The runs of a file."""
    return parse(content(name).decode())


def all_runs(half: str) -> list[Run]:
    """The runs of a half, "written" or "frozen", of every kind."""
    return [run for kind in FAMILIES for run in read(f"{half}_{kind}")]


def parse(text: str) -> list[Run]:
    """The runs in a text: a line for each, and below it one for each of its rows."""
    runs: list[Run] = []
    names: Sequence[str] = ()
    for row in csv.reader(io.StringIO(text)):
        if row[0] == "run":
            names = row[5:]
            runs.append(Run(*row[1:5], {name: [] for name in names}))
        else:
            for column, cell in zip(names, row, strict=True):
                runs[-1].columns[column].append(float(cell))
    return runs


class Score(NamedTuple):
    """Runs, those called right, healthy ones, those called ill, and how right each "sure" was."""

    runs: int
    right: int
    healthy: int
    alarms: int
    sure: dict[str, tuple[int, int]]
    pairs: Counter[tuple[str, str]]
    missed: list[tuple[Run, Report]]


def is_right(run: Run, report: Report) -> bool:
    """Whether the cause is one that the run was made with; a spike may be of either kind."""
    known = run.cause.split("|")
    return report.cause in known or (report.cause in SPIKES and "spike" in known)


def score(runs: Sequence[Run]) -> Score:
    """How often the doctor is right."""
    told = [(run, run.report()) for run in runs]
    missed = [(run, report) for run, report in told if not is_right(run, report)]
    sure = {
        word: (sum(is_right(*pair) for pair in said), len(said))
        for word in ("sure", "likely", "possible")
        if (said := [pair for pair in told if pair[1].sure == word])
    }
    healthy = [report.cause for run, report in told if run.cause == "healthy"]
    alarms = sum(cause not in CALM for cause in healthy)
    pairs = Counter((run.cause.split("|")[0], report.cause) for run, report in told)
    return Score(len(runs), len(runs) - len(missed), len(healthy), alarms, sure, pairs, missed)


def by_family(runs: Sequence[Run], made: Score) -> list[list[str]]:
    """Rows of a table: family, its runs, those called right, its healthy ones, those called ill."""
    missed = [run.family for run, _ in made.missed]
    ill = [r.family for r, said in made.missed if r.cause == "healthy" and said.cause not in CALM]
    healthy = Counter(run.family for run in runs if run.cause == "healthy")
    return [
        [f, str(n), str(n - missed.count(f)), str(healthy[f]), str(ill.count(f))]
        for f, n in Counter(run.family for run in runs).items()
    ]


def confusion(runs: Sequence[Run], made: Score) -> list[list[str]]:
    """Rows of a table: cause, runs made with it, those missed, and how often each was named."""
    of = Counter(run.cause.split("|")[0] for run in runs)
    missed = Counter(run.cause.split("|")[0] for run, _ in made.missed)
    told = {
        cause: ", ".join(f"{b} {n}" for (a, b), n in sorted(made.pairs.items()) if a == cause)
        for cause in of
    }
    return [[c, str(of[c]), str(missed[c]), told[c]] for c in sorted(of)]


def windows(runs: Sequence[Run], size: int, each: int = 10) -> tuple[int, int]:
    """Windows of `size` rows cut from healthy runs at random places, and those called ill."""
    rng = np.random.default_rng(size)
    said = [
        run.report(slice(at, at + size)).cause
        for run in runs
        for at in rng.integers(len(run.columns["loss"]) - size + 1, size=each)
    ]
    return len(said), sum(cause not in CALM for cause in said)


def history() -> list[list[str]]:
    """The scores that were taken, as rows of a table."""
    lines = (FOLDER / "scores.csv").read_text(encoding="utf-8").splitlines()
    return [
        [
            row["when"],
            row["what"],
            f"{row['right']} of {row['runs']}",
            f"{row['alarms']} of {row['healthy']}",
            f"{row['sure_right']} of {row['sure']}" if row["sure"] else "-",
        ]
        for row in csv.DictReader(lines)
    ]

"""What the page on speed shows: the committed results of `make bench`, read and drawn."""

from __future__ import annotations

import csv
import json
from itertools import groupby

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from trial import data
from trial.page import style

FOLDER = data.FOLDER / "benchmarks"
Row = dict[str, str]
EQUAL = 1.0
"""The ratio at which both take the same time."""


def results() -> list[Row]:
    """One row for each comparison that was made; those without a ratio were not."""
    return _read("results.csv")


def _read(name: str) -> list[Row]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def fits() -> list[Row]:
    """One fit at one lambda: a row for each comparison."""
    return _read("fits.csv")


def fits_machine() -> str:
    """A sentence: when, and how busy the machine was."""
    facts = json.loads((FOLDER / "fits.json").read_text(encoding="utf-8"))
    return (
        f"Computed apart on {facts['date']} by `python -m benchmarks.fits`, one thread, "
        f"{facts['load']}; NumPy {facts['NumPy']}, scikit-learn {facts['scikit-learn']}, "
        f"celer {facts['celer']}."
    )


def machine() -> str:
    """A sentence: when, on what, with which versions."""
    facts = json.loads((FOLDER / "machine.json").read_text(encoding="utf-8"))
    rivals = [
        f"{name} {facts[name]}" for name in ("NumPy", "scikit-learn", "celer", "torch", "jax")
    ]
    return (
        f"Computed apart on {facts['date']} by `make bench`, and read from its file here: "
        f"{facts['processor']}, {facts['cores']} cores of which one was used, {facts['load']}; "
        f"Python {facts['Python']}, {', '.join(rivals)}, {facts['BLAS']}."
    )


def compared(rows: list[Row]) -> list[Row]:
    """The rows that hold a ratio."""
    return [row for row in rows if row["ratio"]]


def with_goal(rows: list[Row]) -> list[Row]:
    """Those of them that had a goal: what the picture shows."""
    return [row for row in compared(rows) if row["goal"]]


def reached(row: Row) -> bool:
    """Is the ratio at or below the goal?"""
    return float(row["ratio"]) <= float(row["goal"])


def name(row: Row) -> str:
    """The data of a row, and what it was compared with."""
    return f"{row['data']}\nvs {row['rival']} {row['setting']}"


def counts(rows: list[Row]) -> dict[str, int]:
    """How many comparisons, how many were won, how many goals, how many of them were reached."""
    every, aims = compared(rows), with_goal(rows)
    return {
        "comparisons": len(every),
        "faster": sum(float(row["ratio"]) < EQUAL for row in every),
        "goals": len(aims),
        "reached": sum(map(reached, aims)),
    }


def picture(rows: list[Row]) -> Figure:
    """A dot for each goal's ratio with its range, a bar at the goal, a line where both are 1."""
    groups = [(work, [*some]) for work, some in groupby(with_goal(rows), lambda row: row["work"])]
    lines = sum(len(some) + 1 for _, some in groups)
    figure = style.new_figure((6.0, 0.46 * lines + 1.2))
    ax, at, labels = figure.add_subplot(), 0, []
    for work, some in groups:
        ax.text(0.0, at, work, transform=ax.get_yaxis_transform(), weight="bold", va="center")
        at += 1
        for row in some:
            _dot(ax, row, at)
            labels.append((at, name(row)))
            at += 1
    ax.axvline(EQUAL, color=style.INK, linewidth=1)
    ax.set(xscale="log", ylim=(at - 0.4, -0.6), xlabel="time of reglib / time of the other (log)")
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    ax.set_yticks([y for y, _ in labels], [text for _, text in labels], fontsize=11)
    ax.grid(axis="y", visible=False)
    return figure


def _dot(ax: object, row: Row, at: int) -> None:
    color = style.GREEN if reached(row) else style.RED
    low, ratio, high = (float(row[f"ratio{end}"]) for end in ("_low", "", "_high"))
    ax.plot([low, high], [at, at], color=color, linestyle="-", linewidth=2)
    ax.plot(ratio, at, "o" if reached(row) else "X", color=color, markersize=8)
    ax.plot(float(row["goal"]), at, "|", color=style.INK, markersize=15, markeredgewidth=2)


def said(rows: list[Row]) -> str:
    """The picture in words."""
    n = counts(rows)
    worst = max(with_goal(rows), key=lambda row: float(row["ratio"]))
    best = min(with_goal(rows), key=lambda row: float(row["ratio"]))
    return (
        f"A dot for each of {n['goals']} goals on a logarithmic axis of the ratio of times, a "
        f"vertical line at 1. Round green dots, {n['reached']}, lie left of their goal's bar; "
        f"red crosses, {n['goals'] - n['reached']}, right of it. The lowest ratio is "
        f"{float(best['ratio']):.2g} ({best['work']}, {best['data']}, against {best['rival']}), "
        f"the highest {float(worst['ratio']):.2g} ({worst['work']}, {worst['data']}, against "
        f"{worst['rival']})."
    )


def table(rows: list[Row]) -> list[list[str]]:
    """Every row as cells: work and data, rival, ratio, goal, our time and error, the other's."""
    cells = []
    for row in rows:
        theirs = row["note"] or f"{row['theirs']} ms, {row['theirs_error']}"
        spread = f"{row['ratio']} ({row['ratio_low']}–{row['ratio_high']})" if row["ratio"] else "–"
        goal = f"{float(row['goal']):.3g}" if row["goal"] else "–"
        ours = f"{row['ours']} ms, {row['ours_error']}"
        who = f"{row['rival']} {row['setting']}"
        cells.append([f"{row['work']}, {row['data']}", who, spread, goal, ours, theirs])
    return cells


def growth() -> dict[str, list[Row]]:
    """The rows of each size that was made larger."""
    return {size: [*rows] for size, rows in groupby(_read("growth.csv"), lambda row: row["size"])}


def slope(rows: list[Row], of: str = "ms") -> float:
    """The exponent that fits the larger half of the values."""
    last = rows[len(rows) // 2 :] if len(rows) > 3 else rows
    last = rows[-max(3, len(last)) :]
    x, t = (np.log([float(row[key]) for row in last]) for key in ("value", of))
    return float(np.polyfit(x, t, 1)[0])


def growth_picture(sizes: dict[str, list[Row]]) -> Figure:
    """A small panel for each size: times, and the slope of theory through the last of them."""
    figure = style.new_figure((6.0, 2.3 * ((len(sizes) + 1) // 2)))
    for panel, (size, rows) in enumerate(sizes.items(), start=1):
        ax = figure.add_subplot((len(sizes) + 1) // 2, 2, panel)
        x, t = (np.array([float(row[key]) for row in rows]) for key in ("value", "ms"))
        theory = float(rows[0]["theory"])
        ax.loglog(x, t, "o-", color=style.BLUE)
        ax.loglog(x, t[-1] * (x / x[-1]) ** theory, "--", color=style.RED, linewidth=1.5)
        ax.set_ylim(t.min() / 2, t.max() * 2)
        ax.set_title(size.replace(", ", ",\n"), fontsize=11)
        ax.set_ylabel("ms" if panel % 2 else "")
        ax.set_xticks(x[:: max(1, len(x) // 3)], [f"{v:g}" for v in x[:: max(1, len(x) // 3)]])
        ax.minorticks_off()
    return figure


def growth_said(sizes: dict[str, list[Row]]) -> str:
    """The panels in words."""
    each = [f"{size}: {slope(rows):.2f}" for size, rows in sizes.items()]
    return (
        "Time against size on logarithmic axes, a panel for each size, with a dashed line of the "
        f"slope that theory gives through the last point. Fitted slopes: {'; '.join(each)}."
    )


def growth_table(sizes: dict[str, list[Row]]) -> list[list[str]]:
    """For each size: the fitted and the theoretical exponent, why, and the memory of the last."""
    return [
        [
            size,
            f"{slope(rows):.2f}",
            rows[0]["theory"],
            rows[0]["why"],
            f"{float(rows[-1]['peak_mb']):.3g} MB, slope {slope(rows, 'peak_mb'):.2f}",
        ]
        for size, rows in sizes.items()
    ]


def chapters() -> list[list[str]]:
    """The seconds of each notebook: kernel, imports, work, and the slowest cell."""
    keys = ("notebook", "kernel", "imports", "work", "slowest_cell")
    return [[row[key] for key in keys] for row in _read("chapters.csv")]

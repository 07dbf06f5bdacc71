"""`python -m benchmarks.chapters [names]`: the seconds of each notebook, to chapters.csv.

Kernel: until an empty cell has run in it. Imports: the first code cell. Work: the others. Run by
the book's own Python, one notebook after the other, as `make notebooks` would, and nothing is
written to the notebooks.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

import nbformat
from nbclient import NotebookClient
from tqdm import tqdm

from benchmarks import harness, table
from trial.press.notebooks import FOLDER, KERNEL, _environment

COLUMNS = ["notebook", "kernel", "imports", "work", "slowest_cell"]
CHAPTERS = table.DATA / "chapters.csv"


async def split(path: Path) -> table.Row:
    """Start a kernel, run the cells, take the time of each."""
    notebook = nbformat.read(path, as_version=4)
    first = nbformat.v4.new_code_cell("")
    notebook.cells.insert(0, first)
    code = [i for i, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    client = NotebookClient(
        notebook,
        timeout=120,
        kernel_name=KERNEL["name"],
        resources={"metadata": {"path": str(path.parent)}},
        extra_arguments=["--log-level=ERROR"],
    )
    seconds, start = [], perf_counter()
    async with client.async_setup_kernel(env=_environment()):
        for i in code:
            await client.async_execute_cell(notebook.cells[i], i)
            now = perf_counter()
            seconds.append(now - start)
            start = now
    kernel, imports, *work = seconds
    numbers = {"kernel": kernel, "imports": imports, "work": sum(work), "slowest_cell": max(work)}
    return {"notebook": path.stem} | {name: f"{value:.2f}" for name, value in numbers.items()}


def main(names: Sequence[str]) -> None:
    """Time the named notebooks, or all of them, and replace their rows."""
    print(harness.check_load(), flush=True)
    paths = [path for path in sorted(FOLDER.glob("*.ipynb")) if not names or path.stem in names]
    rows = []
    for path in tqdm(paths, unit="notebook", disable=None):
        try:
            rows.append(asyncio.run(split(path)))
        except Exception as error:  # one that cannot run leaves the times of the others
            print(f"{path.stem} was not timed: {type(error).__name__}: {error}", file=sys.stderr)
    print(" | ".join(COLUMNS))
    for row in rows:
        print(*row.values(), sep=" | ")
    known = table.read(CHAPTERS) if names and CHAPTERS.exists() else []
    merged = {row["notebook"]: row for row in [*known, *rows]}
    table.write([merged[name] for name in sorted(merged)], CHAPTERS, COLUMNS)


if __name__ == "__main__":
    main(sys.argv[1:])

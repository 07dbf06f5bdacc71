"""Execute the committed notebooks again, in place, and keep only what is stable.

`python -m reglib.book.notebooks [names...]`, or `make notebooks` for all of them. Run twice, the
second time changes nothing, so that a diff of a notebook shows what a reader would see change.
"""

from __future__ import annotations

import base64
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellControlSignal, CellExecutionError, DeadKernelError
from nbformat import NotebookNode
from tqdm import tqdm

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
TIMEOUT = 120
"""Seconds that one cell may take."""
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
PICTURE = FOLDER.parent / "book" / "picture.webp"
"""The README's picture is the first figure of the first chapter, so it cannot grow old."""
WIDGET = "application/vnd.jupyter.widget-view+json"


ADDRESS = re.compile("data:image/webp;base64,([A-Za-z0-9+/=]+)")


class CellError(Exception):
    """A cell raised, took too long, or lost its kernel; the text names notebook and cell."""


def _environment() -> dict[str, str]:
    """The reader's environment, less what would make their outputs differ from ours."""
    kept = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"}
    return {**kept, "REGLIB_STATIC": "1"}  # no widget view: its identifiers are random


def _why(error: BaseException) -> str:
    if isinstance(error, CellExecutionError):
        return f"{error.ename}: {error.evalue}"
    return str(error).splitlines()[0]


def execute(notebook: NotebookNode, path: Path) -> None:
    """Run every cell of `notebook` in a new kernel that works in the folder of `path`."""
    running = 0

    def start(cell: NotebookNode, cell_index: int) -> None:
        nonlocal running
        running = cell_index

    # disable=None: a bar in a terminal, nothing in a log
    with tqdm(total=len(notebook.cells), desc=path.stem, unit="cell", disable=None) as bar:
        client = NotebookClient(
            notebook,
            timeout=TIMEOUT,
            kernel_name=KERNEL["name"],
            resources={"metadata": {"path": str(path.parent)}},
            record_timing=False,
            coalesce_streams=True,
            on_cell_start=start,
            on_cell_complete=lambda cell, cell_index: bar.update(),
        )
        try:
            client.execute(env=_environment())
        except (CellControlSignal, DeadKernelError) as error:
            name = notebook.cells[running].get("id", "without id")
            raise CellError(f"{path.name}, cell {running} ({name}): {_why(error)}") from error


def _clean_outputs(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """The outputs without their widget views; one that was nothing else goes away."""
    kept = []
    for output in outputs:
        data = output.get("data")
        if data is not None:
            data.pop(WIDGET, None)
        if data != {}:
            kept.append(output)
    return kept


def clean(notebook: NotebookNode) -> None:
    """Remove what differs from run to run or from machine to machine."""
    notebook.metadata.pop("widgets", None)
    notebook.metadata["kernelspec"] = dict(KERNEL)
    notebook.metadata["language_info"] = {"name": "python"}  # the version would follow the machine
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell["outputs"] = _clean_outputs(cell.outputs)


def text_of(notebook: NotebookNode) -> str:
    """The one way a notebook is written: sorted keys, indent 1, no escapes, one newline."""
    return nbformat.writes(notebook).rstrip("\n") + "\n"


def refresh(path: Path) -> bool:
    """Execute the notebook at `path` and write it where its text changed; say whether it did."""
    notebook: Any = nbformat.read(path, as_version=4)
    execute(notebook, path)
    clean(notebook)
    text = text_of(notebook)
    if text == path.read_text(encoding="utf-8"):
        return False
    # Written aside first: an interrupted run never leaves half a notebook.
    aside = path.with_suffix(".tmp")
    aside.write_text(text, encoding="utf-8", newline="\n")
    aside.replace(path)
    return True


def first_picture(notebook: NotebookNode) -> bytes:
    """The first figure that the notebook shows, as it stands in its outputs."""
    outputs = (output for cell in notebook.cells for output in cell.get("outputs", []))
    pages = (output.get("data", {}).get("text/html", "") for output in outputs)
    return next(base64.b64decode(found[1]) for page in pages if (found := ADDRESS.search(page)))


def _chosen(names: Sequence[str], folder: Path) -> list[Path]:
    found = {path.stem: path for path in sorted(folder.glob("*.ipynb"))}
    wanted = [Path(name).stem for name in names] or list(found)
    unknown = [name for name in wanted if name not in found]
    if unknown or not wanted:
        raise SystemExit(f"no notebook {', '.join(unknown)} among: {', '.join(found) or 'none'}")
    return [found[name] for name in wanted]


def main(names: Sequence[str], folder: Path = FOLDER) -> int:
    """Refresh the named notebooks, or all of them; 1 when a cell failed, and that file is left."""
    failed = 0
    for path in _chosen(names, folder):
        try:
            print(f"{path.name}: {'changed' if refresh(path) else 'unchanged'}", flush=True)
            if path.stem == "03_one_step" and folder == FOLDER:
                PICTURE.write_bytes(first_picture(nbformat.read(path, as_version=4)))
        except CellError as failure:
            failed = 1
            print(failure, file=sys.stderr)
    return failed


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

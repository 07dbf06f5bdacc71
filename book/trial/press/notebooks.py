"""Execute notebooks, several at a time; for the committed ones keep only what is stable.

`python -m trial.press.notebooks [names...]`, or `make notebooks` for all of them, executes them in
place. Run twice, the second time changes nothing, so that a diff of a notebook shows what a reader
would see change. `make book` executes its notebooks with `execute_all` too.
"""

from __future__ import annotations

import asyncio
import base64
import os
import re
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellControlSignal, CellExecutionError, DeadKernelError
from nbformat import NotebookNode
from tqdm import tqdm

from trial.press import ROOT

FOLDER = ROOT / "notebooks"
TIMEOUT = 120
"""Seconds that one cell may take."""
WORKERS = min(4, os.cpu_count() or 1)
"""Notebooks executed at a time, each in a kernel of its own."""
# Kernels that share the processors must not each start a thread for every one of them. No output
# depends on it.
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
PICTURE = ROOT / "book" / "picture.webp"
"""The README's picture is the first figure of the first chapter, so it cannot grow old."""
WIDGET = "application/vnd.jupyter.widget-view+json"


ADDRESS = re.compile("data:image/webp;base64,([A-Za-z0-9+/=]+)")


class CellError(Exception):
    """A cell raised, took too long, or lost its kernel; the text names notebook and cell."""


Finished = Callable[[Path, NotebookNode, float], None]


def _environment() -> dict[str, str]:
    """The reader's environment, less what would make their outputs differ from ours."""
    kept = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"}
    static = {"REGLIB_STATIC": "1"}  # no widget view: its identifiers are random
    return kept | static | dict.fromkeys(THREADS, "1")


def _why(error: BaseException) -> str:
    if isinstance(error, CellExecutionError):
        return f"{error.ename}: {error.evalue}"
    return str(error).splitlines()[0]


async def _execute(notebook: NotebookNode, path: Path, timeout: int, bar: tqdm) -> float:
    """Run every cell in a new kernel that works in the folder of `path`; returns the seconds."""
    running = 0

    def start(cell: NotebookNode, cell_index: int) -> None:
        nonlocal running
        running = cell_index

    client = NotebookClient(
        notebook,
        timeout=timeout,
        kernel_name=KERNEL["name"],
        resources={"metadata": {"path": str(path.parent)}},
        record_timing=False,
        coalesce_streams=True,
        extra_arguments=["--log-level=ERROR"],  # not the advice to encrypt its connection
        on_cell_start=start,
        on_cell_complete=lambda cell, cell_index: bar.update(),
    )
    begun = perf_counter()
    try:
        await client.async_execute(env=_environment())
    except (CellControlSignal, DeadKernelError) as error:
        name = notebook.cells[running].get("id", "without id")
        raise CellError(f"{path.name}, cell {running} ({name}): {_why(error)}") from error
    return perf_counter() - begun


async def _execute_all(
    paths: Sequence[Path], finished: Finished, timeout: int, workers: int
) -> list[CellError]:
    failures = []
    read = {path: nbformat.read(path, as_version=4) for path in paths}
    free = asyncio.Semaphore(workers)
    # disable=None: a bar in a terminal, nothing in a log
    bar = tqdm(total=sum(len(n.cells) for n in read.values()), unit="cell", disable=None)

    async def one(path: Path) -> None:
        async with free:
            try:
                seconds = await _execute(read[path], path, timeout, bar)
            except CellError as failure:
                failures.append(failure)
            else:
                with tqdm.external_write_mode():
                    finished(path, read[path], seconds)

    with bar:
        # Most of the time goes into pictures, so the largest file takes longest and goes first.
        largest_first = sorted(paths, key=lambda path: -path.stat().st_size)
        await asyncio.gather(*map(one, largest_first))
    return failures


def execute_all(
    paths: Sequence[Path], finished: Finished, timeout: int = 0, workers: int = 0
) -> list[CellError]:
    """Execute notebooks, `workers` at a time; returns what failed, one error a notebook.

    finished(path, notebook, seconds) is called for each notebook as soon as its last cell is done.
    """
    work = _execute_all(paths, finished, timeout or TIMEOUT, workers or WORKERS)
    # A thread of its own: in the main one nbclient answers Ctrl-C by killing one kernel of several.
    with ThreadPoolExecutor(1) as thread:
        future = thread.submit(asyncio.run, work)
        try:
            return future.result()
        except KeyboardInterrupt:
            print("Interrupted", file=sys.stderr, flush=True)
            os._exit(130)  # a kernel ends by itself once its parent is gone


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


def refresh(path: Path, notebook: NotebookNode) -> bool:
    """Write the executed notebook to `path` where its text changed; say whether it did."""
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

    def finished(path: Path, notebook: NotebookNode, seconds: float) -> None:
        print(f"{path.name}: {'changed' if refresh(path, notebook) else 'unchanged'}", flush=True)
        if path.stem == "03_one_step" and folder == FOLDER:
            PICTURE.write_bytes(first_picture(notebook))

    failures = execute_all(_chosen(names, folder), finished)
    for failure in failures:
        print(failure, file=sys.stderr)
    return int(bool(failures))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

"""`make notebooks` on small notebooks of our own."""

import json

import nbformat
import pytest
from nbformat import v4

from trial.press import notebooks

FIGURE = """
from IPython.display import display
WIDGET = "application/vnd.jupyter.widget-view+json"
display({"text/plain": "a figure", WIDGET: {"model_id": "0"}}, raw=True)
display({WIDGET: {"model_id": "1"}}, raw=True)
"""


def write(folder, *sources):
    """A notebook as an editor would leave it: never run, with a newer kernel's metadata."""
    cells = [v4.new_markdown_cell("# Why?"), *map(v4.new_code_cell, sources)]
    for cell in cells:
        cell.metadata["execution"] = {"shell.execute_reply": "2026-01-01T00:00:00Z"}
    notebook = v4.new_notebook(cells=cells)
    notebook.metadata["widgets"] = {"state": {}}
    notebook.metadata["language_info"] = {"name": "python", "version": "3.99"}
    path = folder / "chapter.ipynb"
    nbformat.write(notebook, path)
    return path


@pytest.fixture(scope="module")
def refreshed(tmp_path_factory):
    """A notebook that was run once; several tests look at it."""
    path = write(
        tmp_path_factory.mktemp("notebooks"),
        "import os, pathlib",
        "print('über')\nprint('two lines', flush=True)\nprint('three')",
        FIGURE,
        "print(os.environ['REGLIB_STATIC'], pathlib.Path('chapter.ipynb').exists())",
    )
    before = json.loads(path.read_text())
    assert notebooks.main([], path.parent) == 0
    return path, before


def test_a_second_run_leaves_the_same_bytes(refreshed, capsys):
    path, _ = refreshed
    once = path.read_bytes()
    assert notebooks.main(["chapter"], path.parent) == 0
    assert path.read_bytes() == once
    assert capsys.readouterr().out == "chapter.ipynb: unchanged\n"


def test_outputs_and_counts_are_written_and_ids_kept(refreshed):
    path, before = refreshed
    after = json.loads(path.read_text())
    code = [cell for cell in after["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == [1, 2, 3, 4]
    assert [cell["id"] for cell in after["cells"]] == [cell["id"] for cell in before["cells"]]
    (stream,) = code[1]["outputs"]
    assert "".join(stream["text"]) == "über\ntwo lines\nthree\n"
    assert "".join(code[3]["outputs"][0]["text"]) == "1 True\n"


def test_nothing_volatile_is_left(refreshed):
    after = json.loads(refreshed[0].read_text())
    assert after["metadata"] == {
        "kernelspec": notebooks.KERNEL,
        "language_info": {"name": "python"},
    }
    assert all(cell["metadata"] == {} for cell in after["cells"])
    (figure,) = after["cells"][3]["outputs"]
    assert list(figure["data"]) == ["text/plain"]


def test_the_text_is_indented_by_one_unescaped_and_ends_with_one_newline(refreshed):
    text = refreshed[0].read_text(encoding="utf-8")
    assert text.startswith('{\n "cells"')
    assert "über" in text
    assert text.endswith("}\n")


def test_a_raising_cell_leaves_the_file_alone_and_is_named(tmp_path, capsys):
    path = write(tmp_path, "print(1)", "{}['lam']")
    before = path.read_bytes()
    cell = json.loads(before)["cells"][2]["id"]
    assert notebooks.main([], tmp_path) == 1
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    assert capsys.readouterr().err == f"chapter.ipynb, cell 2 ({cell}): KeyError: 'lam'\n"


def test_a_cell_that_takes_too_long_is_named(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(notebooks, "TIMEOUT", 1)
    write(tmp_path, "import time; time.sleep(30)")
    assert notebooks.main([], tmp_path) == 1
    assert "chapter.ipynb, cell 1 " in capsys.readouterr().err


@pytest.mark.parametrize("names", [[], ["other"]])
def test_no_such_notebook_is_an_error(tmp_path, names):
    with pytest.raises(SystemExit, match="no notebook"):
        notebooks.main(names, tmp_path)


def test_the_readme_s_picture_is_the_first_figure_of_the_first_chapter():
    chapter = nbformat.read(notebooks.FOLDER / "03_one_step.ipynb", as_version=4)
    assert notebooks.PICTURE.read_bytes() == notebooks.first_picture(chapter)
    assert (
        f"](book/{notebooks.PICTURE.name})" in (notebooks.FOLDER.parent / "README.md").read_text()
    )

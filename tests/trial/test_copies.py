"""The copies that `make lab` opens: a reader's edits stay, and nothing of ours sees them."""

import json
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import yaml
from nbformat import v4
from nbformat.sign import NotebookNotary

from trial.press import copies

ROOT = Path(__file__).parents[2]
NAMES = ["01_first.ipynb", "02_second.ipynb"]


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A checkout of two notebooks and a page; nothing of the reader's own is read or changed."""
    for kind in ("CONFIG", "DATA"):
        monkeypatch.setenv(f"JUPYTER_{kind}_DIR", str(tmp_path / kind))
    for room in ("notebooks", "book"):
        (tmp_path / room).mkdir()
    (tmp_path / "book" / "glossary.md").write_text("# Glossary\n")
    for name in NAMES:
        write(tmp_path / "notebooks" / name, "print(1)")
    assert copies.main([], tmp_path) == 0
    return tmp_path


def write(path, *sources):
    notebook = v4.new_notebook(cells=[v4.new_code_cell(source, id="a") for source in sources])
    nbformat.write(notebook, path)


def edit(path, source="print(2)"):
    """As JupyterLab saves: the cell's text, its output, the metadata it found."""
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[0].source = source
    notebook.cells[0].outputs = [v4.new_output("stream", text="2\n")]
    nbformat.write(notebook, path)


def source_of(path):
    return nbformat.read(path, as_version=4).cells[0].source


def outputs_of(path):
    return nbformat.read(path, as_version=4).cells[0].outputs


def test_copies_and_the_pages_they_link_to_stand_as_in_the_book(root):
    made = sorted(str(path.relative_to(root / "lab")) for path in root.glob("lab/*/*"))
    assert made == ["book/glossary.md", *(f"notebooks/{name}" for name in NAMES)]


def test_an_edit_is_kept_and_nothing_is_said(root, capsys):
    copy = root / "lab/notebooks" / NAMES[0]
    edit(copy)
    before = copy.read_bytes()
    assert copies.main([], root) == 0
    assert copy.read_bytes() == before
    assert capsys.readouterr().out == ""


def test_outputs_of_a_run_are_kept_until_the_book_has_another_notebook(root):
    copy = root / "lab/notebooks" / NAMES[0]
    edit(copy, source="print(1)")
    copies.main([], root)
    assert outputs_of(copy)
    write(root / "notebooks" / NAMES[0], "print(3)")
    copies.main([], root)
    assert source_of(copy) == "print(3)"
    assert not outputs_of(copy)


def test_a_newer_notebook_never_replaces_an_edit(root, capsys):
    first, second = (root / "lab/notebooks" / name for name in NAMES)
    edit(first)
    for name in NAMES:
        write(root / "notebooks" / name, "print(3)")
    copies.main([], root)
    assert (source_of(first), source_of(second)) == ("print(2)", "print(3)")
    said = capsys.readouterr().out
    assert said == f"{NAMES[0]} is as you left it, the book has another one now: {copies.FRESH}\n"


def test_fresh_starts_again_and_loses_nothing_that_was_written(root, capsys):
    first, second = (root / "lab/notebooks" / name for name in NAMES)
    edit(first)
    edit(second, source="print(1)")
    assert copies.main(["--fresh"], root) == 0
    assert [source_of(first), outputs_of(first), outputs_of(second)] == ["print(1)", [], []]
    assert source_of(first.with_name("01_first.yours.ipynb")) == "print(2)"
    assert not second.with_name("02_second.yours.ipynb").exists()
    assert "what you wrote is in 01_first.yours.ipynb" in capsys.readouterr().out
    assert copies.main([], root) == 0  # a name that the book does not know is the reader's own
    assert first.with_name("01_first.yours.ipynb").exists()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"nbformat": 4}'])
def test_half_a_notebook_is_left_alone_and_named(root, text, capsys):
    copy = root / "lab/notebooks" / NAMES[0]
    copy.write_text(text)
    assert copies.main([], root) == 0
    assert copy.read_text() == text
    assert f"{NAMES[0]} is no notebook that can be read" in capsys.readouterr().out
    assert copies.main(["--fresh"], root) == 0
    assert source_of(copy) == "print(1)"


def test_copies_are_trusted_edited_or_not_and_a_stranger_s_notebook_is_not(root):
    first, stranger = (root / "lab/notebooks" / name for name in (NAMES[0], "stranger.ipynb"))
    edit(first)
    write(stranger, "print(4)")
    copies.main([], root)
    trusted = {
        path.name: NotebookNotary().check_signature(nbformat.read(path, as_version=4))
        for path in root.glob("lab/notebooks/*.ipynb")
    }
    assert trusted == {NAMES[0]: True, NAMES[1]: True, "stranger.ipynb": False}


def test_neither_git_nor_ruff_nor_the_build_sees_what_stands_in_lab(tmp_path):
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8")
    assert "\n/lab/\n" in ignored
    settings = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    assert "lab" in settings["exclude_patterns"]
    for name in (".gitignore", "pyproject.toml"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    write(tmp_path / "seen.ipynb", "import os")
    (tmp_path / "lab").mkdir()
    write(tmp_path / "lab" / "edited.ipynb", "import os;x=1")
    command = [sys.executable, "-m", "ruff", "check", "--output-format=json", "."]
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True).stdout
    assert {Path(fault["filename"]).name for fault in json.loads(said)} == {"seen.ipynb"}

"""What `make book` does before Sphinx reads a page: every notebook executed once, and cached."""

from types import SimpleNamespace

import pytest
from jupyter_cache import get_cache
from myst_nb.core.config import NbParserConfig
from myst_nb.core.execute import cache as myst_nb_cache
from myst_nb.core.execute import create_client
from nbformat import read, v4, write

from trial.sphinx import execution

# Each waits for the other's file: one after the other, the first would never end.
WAIT = """
import os, pathlib, time
pathlib.Path("{own}.seen").touch()
begun = time.monotonic()
while not pathlib.Path("{other}.seen").exists():
    assert time.monotonic() < begun + 20, "nobody else is here"
    time.sleep(0.01)
print("{own}", os.environ["REGLIB_STATIC"], os.environ["OPENBLAS_NUM_THREADS"])
"""
FAILS = "1 + 1", "lam = {}['lam']"


def notebook(folder, name, *sources):
    path = folder / f"{name}.ipynb"
    cells = [v4.new_markdown_cell("# Why?"), *map(v4.new_code_cell, sources)]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    write(v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), path)
    return path


def build(folder, *paths, mode="cache"):
    """What Sphinx does once it knows which pages to read."""
    config = SimpleNamespace(
        nb_execution_mode=mode,
        nb_execution_cache_path=str(folder / "cache"),
        nb_execution_timeout=30,
    )
    pages = {path.stem: str(path) for path in (*paths, folder / "text.md")}
    env = SimpleNamespace(doc2path=pages.__getitem__)
    execution.execute(SimpleNamespace(config=config), env, list(pages))


def cached(folder, path):
    return execution.is_cached(get_cache(str(folder / "cache")), path)


def never(*args, **options):
    raise AssertionError("a cached notebook was executed")


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Two notebooks that only end when they run at the same time."""
    folder = tmp_path_factory.mktemp("book")
    paths = [
        notebook(folder, own, WAIT.format(own=own, other=other)) for own, other in ("ab", "ba")
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(execution.notebooks, "WORKERS", 2)
        build(folder, *paths)
    return folder, paths


def test_two_notebooks_run_at_the_same_time_and_are_cached(built):
    folder, paths = built
    assert [cached(folder, path) for path in paths] == [True, True]


def test_a_cached_notebook_is_not_executed_again(built, monkeypatch):
    folder, paths = built
    monkeypatch.setattr(execution.notebooks, "execute_all", never)
    build(folder, *paths)


def test_a_changed_cell_is_executed_again(built):
    folder, _ = built
    assert not cached(folder, notebook(folder, "changed", WAIT.format(own="a", other="c")))


def test_myst_nb_finds_outputs_that_are_those_of_a_static_kernel_with_one_thread(
    built, monkeypatch
):
    folder, paths = built
    monkeypatch.setattr(myst_nb_cache, "single_nb_execution", never)
    config = NbParserConfig(execution_mode="cache", execution_cache_path=str(folder / "cache"))
    logger = SimpleNamespace(info=print)
    client = create_client(read(paths[0], as_version=4), str(paths[0]), config, logger)
    client.start_client()
    assert client.code_cell_outputs(1)[1][0].text == "a 1 1\n"


def test_a_failing_cell_ends_the_build_and_is_named_and_the_others_are_kept(tmp_path):
    wrong, right = notebook(tmp_path, "wrong", *FAILS), notebook(tmp_path, "right", "1 + 1")
    cell = read(wrong, as_version=4).cells[2].id
    with pytest.raises(SystemExit) as failure:
        build(tmp_path, wrong, right)
    assert f"wrong.ipynb, cell 2 ({cell}): KeyError: 'lam'" in str(failure.value)
    assert not cached(tmp_path, wrong) and cached(tmp_path, right)


def test_without_execution_nothing_runs(tmp_path, monkeypatch):
    monkeypatch.setattr(execution.notebooks, "execute_all", never)
    build(tmp_path, notebook(tmp_path, "wrong", *FAILS), mode="off")
    assert not (tmp_path / "cache").exists()

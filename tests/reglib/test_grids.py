"""A sweep gives every combination once, loses nothing finished, and says what went wrong."""

import io
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import joblib
import numpy as np
import pytest
from tqdm import tqdm

from reglib.losses import SquaredError
from reglib.optimizers import Optimizer
from reglib.penalties import L2
from reglib.solvers import ridge
from reglib.training import train
from reglib.tuning import sweep

ROOT = Path(__file__).parents[2]
X = np.sin(1.7 * np.arange(1.0, 25.0)).reshape(8, 3)
Y = np.cos(np.arange(8.0))
LOSS = SquaredError(X, Y)
GRID = {"lam": [0.0, 0.1, 1.0], "rate": [0.5, 0.1, 0.01, 2.0]}


def trained(lam, rate):
    run = train(LOSS, Optimizer(learning_rate=rate), np.zeros((len(lam), 3)), n_steps=20,
                penalty=L2(lam))  # fmt: skip
    return {"w": run.w, "diverged": run.diverged, "where": np.full(len(lam), os.getpid())}


def fails_at(lam):
    if (lam == 2.0).any():
        raise FloatingPointError("the third value is bad")
    return {"lam": lam}


def dies_at(lam):
    if (lam == 2.0).any():
        os._exit(1)
    return {"lam": lam}


class Counting:
    """Writes down the calls it gets, in this process, and returns what it got."""

    def __init__(self):
        self.calls = []

    def __call__(self, **h):
        self.calls.append(h)
        return h


def test_every_combination_stands_in_its_place():
    result = sweep(trained, GRID)
    assert result["w"].shape == (3, 4, 3) and result["diverged"].shape == (3, 4)
    for i, lam in enumerate(GRID["lam"]):
        for j, rate in enumerate(GRID["rate"]):
            alone = trained(np.array([[lam]]), np.array([[rate]]))
            np.testing.assert_allclose(result["w"][i, j], alone["w"][0], rtol=1e-12)
    assert list(result.grid) == ["lam", "rate"]
    np.testing.assert_array_equal(result.grid["rate"], GRID["rate"])


@pytest.mark.parametrize("chunk", [1, 5, 12, 100])
def test_the_size_of_a_chunk_changes_nothing(chunk):
    np.testing.assert_allclose(
        sweep(trained, GRID, chunk=chunk)["w"], sweep(trained, GRID)["w"], rtol=1e-12
    )


def test_a_chunk_gets_columns_of_at_most_its_size():
    run = Counting()
    sweep(run, {"a": range(3), "b": range(3)}, chunk=4)
    assert [h["a"].shape for h in run.calls] == [(4, 1), (4, 1), (1, 1)]
    assert [h["b"].ravel().tolist() for h in run.calls] == [[0, 1, 2, 0], [1, 2, 0, 1], [2]]


def test_two_processes_give_what_one_gives():
    alone, spread = sweep(trained, GRID, chunk=4), sweep(trained, GRID, chunk=4, n_jobs=2)
    assert os.getpid() not in spread["where"]
    np.testing.assert_array_equal(spread["w"], alone["w"])


@pytest.fixture(scope="module")
def dask():
    from distributed import Client, LocalCluster

    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        Client(cluster),
    ):
        yield
    os.environ.pop("MALLOC_TRIM_THRESHOLD_", None)  # a nanny sets it for the processes it starts


def test_a_dask_cluster_gives_what_one_process_gives(dask):
    with joblib.parallel_config("dask"):
        spread = sweep(trained, GRID, chunk=4)
    alone = sweep(trained, GRID, chunk=4)
    assert os.getpid() not in spread["where"] and set(alone["where"].flat) == {os.getpid()}
    np.testing.assert_array_equal(spread["w"], alone["w"])


def test_a_dask_worker_that_dies_is_told_in_time(dask, tmp_path):
    grid = {"lam": [0.0, 1.0, 2.0]}
    with (
        joblib.parallel_config("dask"),
        pytest.raises(RuntimeError, match="no chunk was finished within 3 s: a worker died"),
    ):
        sweep(dies_at, grid, chunk=1, folder=tmp_path, timeout=3)
    # On a slow machine the worker may have taken a chunk that waited behind the deadly one with it.
    assert not (tmp_path / "chunk-00002.npz").exists()
    result = sweep(lambda lam: {"lam": lam}, grid, chunk=1, folder=tmp_path)
    assert result["lam"].ravel().tolist() == grid["lam"]


def test_a_sweep_that_was_stopped_computes_only_what_is_missing(tmp_path):
    grid = {"lam": [0.0, 1.0, 2.0, 3.0]}
    with pytest.raises(FloatingPointError) as caught:
        sweep(fails_at, grid, chunk=1, folder=tmp_path)
    assert f"2 of 4 chunks of the sweep are finished and kept in {str(tmp_path)!r}" in str(
        caught.value.__notes__
    )
    run = Counting()
    assert sweep(run, grid, chunk=1, folder=tmp_path)["lam"].ravel().tolist() == grid["lam"]
    assert [float(h["lam"][0, 0]) for h in run.calls] == [2.0, 3.0]


def test_kept_chunks_are_read_back_to_the_last_bit(tmp_path):
    first = sweep(trained, GRID, chunk=5, folder=tmp_path)
    again = sweep(lambda **h: pytest.fail("nothing is missing"), GRID, chunk=5, folder=tmp_path)
    for name in ("w", "diverged"):
        np.testing.assert_array_equal(first[name], again[name])
        assert first[name].dtype == again[name].dtype
    assert not list(tmp_path.glob("*.part"))


def test_a_keyboard_stop_loses_only_the_chunk_at_work(tmp_path):
    def interrupted(lam):
        if (lam == 2.0).any():
            raise KeyboardInterrupt
        return {"lam": lam}

    with pytest.raises(KeyboardInterrupt):
        sweep(interrupted, {"lam": [0.0, 1.0, 2.0]}, chunk=1, folder=tmp_path)
    assert len(list(tmp_path.glob("chunk-*.npz"))) == 2


def test_a_worker_that_dies_is_told_and_finished_work_is_kept(tmp_path):
    grid = {"lam": [0.0, 1.0, 2.0]}
    with pytest.raises(RuntimeError, match="A worker process .* unexpectedly terminated") as caught:
        sweep(dies_at, grid, chunk=1, n_jobs=2, folder=tmp_path)
    assert "of 3 chunks of the sweep are finished" in caught.value.__notes__[0]
    result = sweep(lambda lam: {"lam": lam}, grid, chunk=1, folder=tmp_path)
    assert result["lam"].ravel().tolist() == grid["lam"]


def test_without_a_folder_an_error_says_that_the_work_is_lost():
    with pytest.raises(FloatingPointError) as caught:
        sweep(fails_at, {"lam": [0.0, 2.0]}, chunk=1)
    assert caught.value.__notes__ == ["1 of 2 chunks of the sweep are finished and lost"]


def test_the_folder_of_another_sweep_is_refused(tmp_path):
    sweep(trained, GRID, folder=tmp_path)
    for grid, chunk in (({**GRID, "lam": [0.0]}, 16), (GRID, 3)):
        with pytest.raises(ValueError, match="folder must be new or hold this sweep, stopped"):
            sweep(trained, grid, chunk=chunk, folder=tmp_path)


def test_what_cannot_be_sent_is_told_and_one_process_needs_no_sending():
    lock = threading.Lock()

    def locked(lam):
        with lock:
            return {"lam": lam}

    with pytest.raises(TypeError, match=r"run must be .* cannot be pickled: .*n_jobs=1"):
        sweep(locked, {"lam": [1.0, 2.0]}, chunk=1, n_jobs=2)
    assert sweep(locked, {"lam": [1.0, 2.0]}, chunk=1)["lam"].shape == (2, 1)


def test_a_progress_bar_counts_the_chunks(capsys, tmp_path):
    sweep(trained, GRID, chunk=5, folder=tmp_path, progress=tqdm)
    assert "3/3" in capsys.readouterr().err
    sweep(trained, GRID, chunk=5, folder=tmp_path, progress=tqdm)
    assert "3/3" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("grid", "error", "words"),
    [
        ({}, ValueError, r"grid must have an array by name, got {}"),
        ([1.0], TypeError, r"grid must be a dict of arrays by name, got \[1.0\]"),
        ({"lam": []}, ValueError, r"grid\['lam'\] must not be empty"),
        ({"lam": 1.0}, ValueError, r"grid\['lam'\] must have 1 axes"),
        ({"lam": [1.0, np.nan]}, ValueError, r"grid\['lam'\] must be finite, got nan"),
        ({1: [1.0]}, TypeError, r"grid must be a dict of arrays by name, got {1: "),
        ({"lam": ["a"]}, TypeError, r"grid\['lam'\] must be an array of real numbers"),
    ],
)
def test_a_grid_that_is_none(grid, error, words):
    with pytest.raises(error, match=words):
        sweep(Counting(), grid)


@pytest.mark.parametrize(
    ("run", "error", "words"),
    [
        (None, TypeError, r"run must be a function, got None"),
        (
            lambda lam: lam,
            TypeError,
            r"what run returns must be a dict of arrays by name",
        ),
        (lambda lam: {}, ValueError, r"what run returns must have an array by name, got {}"),
        (lambda lam: {"w": lam[:-1]}, ValueError, r"first axis of 2, .* got 'w' of shape \(1, 1\)"),
        (lambda lam: {"w": 1.0}, ValueError, r"got 'w' of shape \(\)"),
        (lambda lam: {"w": ["a", "b"]}, TypeError, r"returns as 'w' must be an array"),
        (lambda lam: {"w": [[1.0], [1.0, 2.0]]}, TypeError, r"returns as 'w' must be an array"),
        (lambda lam: {"w": np.ma.ones(2)}, TypeError, r"returns as 'w' must be an array"),
        (lambda lam: {1: lam}, TypeError, r"arrays by name, got {1: "),
    ],
)
def test_a_run_that_is_none(run, error, words):
    with pytest.raises(error, match=words):
        sweep(run, {"lam": [1.0, 2.0]})


@pytest.mark.parametrize("chunk", [0, -1, 2.5])
def test_a_chunk_that_is_none(chunk):
    with pytest.raises((ValueError, TypeError), match="chunk must be"):
        sweep(trained, GRID, chunk=chunk)


def test_seeds_in_the_grid_make_the_chunks_independent():
    def noisy(seed, lam):
        draws = [np.random.default_rng(int(s)).standard_normal(3) for s in seed[:, 0]]
        return {"w": ridge(X, Y, lam) + np.array(draws)}

    grid = {"seed": range(4), "lam": [0.1, 1.0]}
    np.testing.assert_allclose(
        sweep(noisy, grid, chunk=3)["w"], sweep(noisy, grid, chunk=8)["w"], rtol=1e-12
    )


def test_names_that_numpy_uses_itself_are_kept_too(tmp_path):
    def run(lam):
        return {"file": lam, "allow_pickle": lam + 1}

    first = sweep(run, {"lam": [1.0, 2.0]}, folder=tmp_path)
    again = sweep(run, {"lam": [1.0, 2.0]}, folder=tmp_path)
    assert list(again.values) == ["file", "allow_pickle"]
    np.testing.assert_array_equal(first["allow_pickle"], again["allow_pickle"])


@pytest.mark.parametrize("dtype", [bool, np.int8, np.uint16, np.float32, complex])
def test_every_kind_of_number_comes_back_as_it_was(dtype, tmp_path):
    for _ in range(2):
        result = sweep(lambda lam: {"w": lam.astype(dtype)}, {"lam": [0, 1]}, folder=tmp_path)
        assert result["w"].dtype == dtype and result["w"].ravel().tolist() == [0, 1]


def test_a_sweep_goes_on_wherever_the_hole_is(tmp_path):
    grid = {"lam": [5.0, 6.0, 7.0]}
    sweep(lambda lam: {"lam": lam}, grid, chunk=1, folder=tmp_path)
    (tmp_path / "chunk-00000.npz").unlink()
    result = sweep(lambda lam: {"lam": lam}, grid, chunk=1, folder=tmp_path)
    assert result["lam"].ravel().tolist() == grid["lam"]


def zipped(**arrays):
    np.savez(file := io.BytesIO(), **arrays)
    return file.getvalue()


JUNK = {
    "nothing": b"",
    "half a file": zipped(**{"at lam": [[6.0]], "of lam": [[6.0]]})[:-40],
    "no zip": b"no zip at all",
    "one array": zipped(lam=[6.0]),
    "no rows of a grid": zipped(**{"of lam": [[6.0]]}),
    "too few rows": zipped(**{"at lam": [[6.0]], "of lam": np.ones((0, 1))}),
    "no numbers": zipped(**{"at lam": [[6.0]], "of lam": ["six"]}),
    "a pickle": zipped(**{"at lam": [[6.0]], "of lam": np.array([{}], dtype=object)}),
    "no result": zipped(**{"at lam": [[6.0]]}),
}


@pytest.mark.parametrize("junk", JUNK.values(), ids=JUNK)
def test_a_broken_chunk_is_computed_again(tmp_path, junk):
    grid = {"lam": [5.0, 6.0]}
    sweep(lambda lam: {"lam": lam}, grid, chunk=1, folder=tmp_path)
    (tmp_path / "chunk-00001.npz").write_bytes(junk)
    result = sweep(lambda lam: {"lam": lam}, grid, chunk=1, folder=tmp_path)
    assert result["lam"].ravel().tolist() == grid["lam"]


def test_a_chunk_knows_its_rows_whatever_its_file_is_called(tmp_path):
    sweep(lambda lam: {"lam": lam}, {"lam": [5.0, 6.0]}, chunk=1, folder=tmp_path)
    shutil.copy(tmp_path / "chunk-00000.npz", tmp_path / "chunk-00001.npz")
    with pytest.raises(ValueError, match="folder must be new or hold this sweep"):
        sweep(lambda lam: {"lam": lam}, {"lam": [5.0, 6.0]}, chunk=1, folder=tmp_path)


def test_eight_processes_may_share_a_folder(tmp_path):
    """Each computes what it does not find; none dies, and all give the same bits."""
    code = (
        "import sys; from tests.reglib.test_grids import GRID, sweep, trained\n"
        "for k in range(5): w = sweep(trained, GRID, chunk=1, folder=f'{sys.argv[1]}/{k}')['w']\n"
        "sys.stdout.write(w.tobytes().hex())"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    runs = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) for _ in range(8)]
    said = {run.communicate()[0] for run in runs}
    assert [run.returncode for run in runs] == [0] * 8
    assert said == {sweep(trained, GRID, chunk=1)["w"].tobytes().hex().encode()}
    assert not list(tmp_path.rglob("*.part"))


def test_a_complete_sweep_is_read_and_nothing_is_written(tmp_path):
    """So that it can be read from a read-only mount."""
    first = sweep(trained, GRID, chunk=5, folder=tmp_path)
    before = {path: path.stat().st_mtime_ns for path in [tmp_path, *tmp_path.iterdir()]}
    again = sweep(trained, GRID, chunk=5, folder=tmp_path)
    assert before == {path: path.stat().st_mtime_ns for path in [tmp_path, *tmp_path.iterdir()]}
    np.testing.assert_array_equal(first["w"], again["w"])


def test_a_chunk_that_cannot_be_written_leaves_nothing_behind(tmp_path, monkeypatch):
    def full(*arrays, **more):
        raise OSError("no space left")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(OSError, match="no space left"):
        sweep(trained, GRID, folder=tmp_path)
    assert not list(tmp_path.iterdir())


def test_two_grids_of_one_size_are_told_apart(tmp_path):
    sweep(lambda lam: {"lam": lam}, {"lam": [1.0, 2.0]}, folder=tmp_path)
    with pytest.raises(ValueError, match="folder must be new or hold this sweep"):
        sweep(lambda lam: {"lam": lam}, {"lam": [1.0, 3.0]}, folder=tmp_path)


@pytest.mark.parametrize("late", [{"w": [[1.0]], "more": [1.0]}, {"w": [[1.0, 2.0]]}, {"v": [1.0]}])
def test_chunks_that_disagree_are_told_when_they_arrive(late):
    def run(lam):
        return late if lam[0, 0] == 2 else {"w": [[0.0]]}

    with pytest.raises(ValueError, match="same names and shapes for every chunk") as caught:
        sweep(run, {"lam": [1.0, 2.0, 3.0]}, chunk=1)
    assert "1 of 3 chunks" in caught.value.__notes__[0]


def test_a_run_may_reuse_its_buffer():
    buffer = np.empty(1)

    def run(lam):
        buffer[:] = lam[:, 0]
        return {"w": buffer}

    assert sweep(run, {"lam": [1.0, 2.0, 3.0]}, chunk=1)["w"].tolist() == [1.0, 2.0, 3.0]


def test_a_timeout_is_for_workers_and_silent_without_them():
    assert sweep(trained, GRID, timeout=60)["w"].shape == (3, 4, 3)
    with pytest.raises(RuntimeError, match="no chunk was finished within 0.5 s"):
        sweep(sleeps, {"lam": [1.0, 2.0]}, chunk=1, n_jobs=2, timeout=0.5)


def sleeps(lam):
    time.sleep(3)
    return {"lam": lam}


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"n_jobs": 0}, ValueError, "n_jobs must be None or a whole number, not 0, got 0"),
        ({"n_jobs": "2"}, ValueError, "n_jobs must be None or a whole number, not 0, got '2'"),
        ({"timeout": 0}, ValueError, "timeout must be finite and > 0, got 0"),
        ({"timeout": "a"}, TypeError, "timeout must be an array of real numbers"),
        ({"progress": 3}, TypeError, "progress must be a function, got 3"),
        ({"folder": 3}, TypeError, "folder must be a path, got 3"),
    ],
)
def test_options_that_are_none(options, error, words):
    with pytest.raises(error, match=words):
        sweep(trained, GRID, **options)

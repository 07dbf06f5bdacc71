"""The root conftest.py: a skip that nobody allowed fails the run, and every skip is printed."""

import subprocess
import sys
from pathlib import Path

import pytest
from nbformat import v4, write

pytest_plugins = ["pytester"]

CONFTEST = (Path(__file__).parents[2] / "conftest.py").read_text(encoding="utf-8")
SKIPS = {
    "skip": "import pytest\ndef test_it(): pytest.skip('no fun')",
    "skipif": "import pytest\n@pytest.mark.skipif(True, reason='no fun')\ndef test_it(): pass",
    "whole file": "import pytest\npytest.skip('no fun', allow_module_level=True)",
    "importorskip": "import pytest\npytest.importorskip('no_fun')",
    "expected failure": "import pytest\n@pytest.mark.xfail\ndef test_it(): assert False, 'no fun'",
    "unexpected pass": "import pytest\n@pytest.mark.xfail\ndef test_it(): pass",
}


@pytest.fixture
def run(pytester, monkeypatch):
    """Run one test file under our conftest.py, in CI or on a reader's machine."""
    pytester.makeconftest(CONFTEST)

    def run(source, ci=""):
        monkeypatch.setenv("CI", ci)
        pytester.makepyfile(source)
        return pytester.runpytest()

    return run


@pytest.mark.parametrize("source", SKIPS.values(), ids=SKIPS)
def test_a_skip_that_is_not_listed_fails_the_run_and_is_printed(run, source):
    result = run(source + "\ndef test_other(): pass")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*= skips =*", "*.py*NOT ALLOWED*"])


def test_a_listed_skip_passes_on_a_readers_machine_and_fails_in_ci(run):
    source = "import pytest\ndef test_it(): pytest.skip('no Chromium found')"
    result = run(source)
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["*::test_it: no Chromium found (allowed)"])
    assert run(source, ci="true").ret == pytest.ExitCode.TESTS_FAILED


def test_a_run_without_skips_is_left_alone(run):
    assert run("def test_it(): pass").ret == pytest.ExitCode.OK
    assert run("def test_it(): assert False").ret == pytest.ExitCode.TESTS_FAILED


@pytest.mark.parametrize("workers", [[], ["-n", "2", "--dist", "loadfile"]], ids=["one", "two"])
def test_a_notebook_cell_cannot_be_skipped_either(tmp_path, workers):
    (tmp_path / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    cell = v4.new_code_cell("1 + 1", metadata={"tags": ["nbval-skip"]}, execution_count=1)
    write(v4.new_notebook(cells=[cell]), tmp_path / "chapter.ipynb")
    nbval = ["--nbval", "--nbval-current-env", "chapter.ipynb"]
    command = [sys.executable, "-m", "pytest", *workers, *nbval]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert "no reason (NOT ALLOWED" in run.stdout
    assert run.returncode == 1

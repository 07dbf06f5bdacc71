"""The GitHub workflow, which cannot be run here: it calls our commands and nothing else."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
FLOW = yaml.safe_load((ROOT / ".github/workflows/book.yml").read_text(encoding="utf-8"))
STEPS = [(name, step) for name, job in FLOW["jobs"].items() for step in job["steps"]]
RUNS = {name: [s["run"] for job, s in STEPS if job == name and "run" in s] for name in FLOW["jobs"]}


def allowed(command):
    """Whether `command` is the CI script or a target of the Makefile, and no more than that."""
    called = re.fullmatch(r"make ([a-z-]+)", command)
    return command == "bash .ci/run" or (called is not None and called[1] in TARGETS)


def test_every_step_calls_a_command_of_ours():
    commands = [command for commands in RUNS.values() for command in commands]
    assert commands
    assert [command for command in commands if not allowed(command)] == []


@pytest.mark.parametrize("command", ["make nothing", "make test; ls", "pip install x", "make"])
def test_another_command_is_noticed(command):
    assert not allowed(command)


def test_actions_are_githubs_own_and_carry_a_version():
    used = [step["uses"] for _, step in STEPS if "uses" in step]
    assert [name for name in used if not re.fullmatch(r"actions/[a-z-]+@v\d+", name)] == []


def test_the_oldest_and_the_newest_python_are_tested():
    job = FLOW["jobs"]["test"]
    assert job["strategy"]["matrix"]["python"] == ["3.11", "3.13"]
    assert job["runs-on"].startswith("ubuntu")
    assert RUNS["test"] == ["bash .ci/run"]


def test_a_weekly_run_leaves_the_lock_aside():
    assert FLOW["on"]["schedule"]
    job = FLOW["jobs"]["unpinned"]
    assert "schedule" in job["if"]
    assert job["env"] == {"UNPINNED": "1"}
    assert RUNS["unpinned"] == ["bash .ci/run"]
    assert "ifdef UNPINNED" in (ROOT / "Makefile").read_text(encoding="utf-8")


def test_only_a_tested_push_to_main_is_published():
    job = FLOW["jobs"]["publish"]
    assert FLOW["on"]["push"] == {"branches": ["main"]}
    assert (job["if"], job["needs"]) == ("github.event_name == 'push'", "test")
    assert RUNS["publish"] == ["make book"]
    paths = [step["with"]["path"] for _, step in STEPS if "path" in step.get("with", {})]
    assert paths == ["_build/html"]


def test_only_publishing_may_write():
    assert FLOW["permissions"] == {"contents": "read"}
    granted = {
        name: job["permissions"] for name, job in FLOW["jobs"].items() if "permissions" in job
    }
    assert granted == {
        "publish": {"contents": "read", "pages": "write", "id-token": "write"},
    }


def test_the_published_book_knows_its_address():
    steps = FLOW["jobs"]["publish"]["steps"]
    make = next(step for step in steps if step.get("run") == "make book")
    assert make["env"] == {"BOOK_ADDRESS": "${{ steps.pages.outputs.base_url }}"}
    before = steps[: steps.index(make)]
    assert any(step.get("id") == "pages" for step in before)

"""The page of messages says what the libraries say."""

import importlib.util
import json
import re
import runpy
from pathlib import Path

import pytest

from trial.chapters.messages.heard import heard, recorded

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "tests" / "reglib" / "recording" / "record_messages.py"
CELLS = json.loads((ROOT / "notebooks" / "messages.ipynb").read_text("utf-8"))["cells"]
TEXT = "\n".join("".join(c["source"]) for c in CELLS if c["cell_type"] == "markdown")


def headings(chapter):
    section = TEXT.partition(f"\n## {chapter}\n")[2].partition("\n## ")[0]
    return re.findall(r"^### `(.+)`$", section, re.M)


def test_pytorchs_headings_are_what_it_was_heard_to_say():
    plain = {words.replace("`", "").rstrip(".") for k, words in recorded().items() if k.islower()}
    assert {heading.rstrip(".") for heading in headings("From PyTorch")} == plain


def test_every_message_says_what_it_means():
    sections = re.split(r"^### ", TEXT, flags=re.M)[1:]
    assert len(sections) == 17
    assert [s for s in sections if "**It means**" not in s] == []


def test_what_was_said_is_heard_before_what_was_raised():
    import warnings

    def run():
        warnings.warn("Take care. It is late.", UserWarning, stacklevel=1)
        raise ValueError("Too late.")

    assert heard(run) == (None, ["UserWarning: Take care", "ValueError: Too late"])
    assert heard(lambda: 3) == (3, [])


@pytest.mark.slow
@pytest.mark.skipif(not importlib.util.find_spec("torch"), reason="no frameworks installed")
def test_pytorch_still_says_so():
    said = runpy.run_path(str(SCRIPT))["recorded"]()
    assert {k: w for k, w in said.items() if k != "PyTorch"} == {
        k: w for k, w in recorded().items() if k != "PyTorch"
    }

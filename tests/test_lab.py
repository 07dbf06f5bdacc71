"""The live form of an interactive figure, in a real JupyterLab: a key press redraws it."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

import pytest
from nbformat import v4, write
from playwright.sync_api import sync_playwright

from reglib.book.notebooks import KERNEL

pytestmark = pytest.mark.slow
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None)
CELL = """
from reglib.book.explore import explore

def draw(figure, a):
    figure.subplots().plot([0, a])
    return f"A line from the origin that rises to a height of {a:g}."

explore(draw, a=[1, 2, 3, 4])
"""

CHANGED = "before => document.querySelector('.jp-OutputArea img').src !== before"


@pytest.fixture
def lab(tmp_path):
    """JupyterLab on this machine only, on a notebook with one interactive figure."""
    notebook = v4.new_notebook(cells=[v4.new_code_cell(CELL.strip())])
    notebook.metadata["kernelspec"] = dict(KERNEL)  # else JupyterLab asks which one to start
    write(notebook, tmp_path / "live.ipynb")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--no-browser", "--ip=127.0.0.1", f"--port={port}", "--IdentityProvider.token="]
    command = [sys.executable, "-m", "jupyterlab", "--allow-root", *options]
    environment = {k: v for k, v in os.environ.items() if k not in ("REGLIB_STATIC", "MPLBACKEND")}
    environment["JUPYTER_CONFIG_DIR"] = str(tmp_path / "config")
    with open(tmp_path / "log", "w") as log:
        server = subprocess.Popen(
            command, cwd=tmp_path, env=environment, stdout=log, stderr=subprocess.STDOUT
        )
    address = f"http://127.0.0.1:{port}/"
    for _ in range(120):
        try:
            with urllib.request.urlopen(address + "api") as answer:
                assert json.load(answer)["version"]
            break
        except OSError:
            time.sleep(0.5)
    yield address + "lab/tree/live.ipynb"
    server.terminate()
    server.wait(20)


def test_a_key_press_redraws_the_live_figure(lab, tmp_path):
    if CHROMIUM is None:
        pytest.skip("no Chromium found")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(lab)
        page.locator(".jp-Notebook .jp-CodeCell").first.click(timeout=60_000)
        page.keyboard.press("Shift+Enter")
        figure = page.locator(".jp-OutputArea .widget-image, .jp-OutputArea img").first
        figure.wait_for(timeout=60_000)
        text = page.locator(".jp-OutputArea")
        assert "height of 3" in text.first.inner_text()
        before = figure.get_attribute("src")
        page.locator(".noUi-handle").first.focus()
        start = time.perf_counter()
        page.keyboard.press("ArrowRight")
        page.wait_for_function(CHANGED, arg=before)
        print(f"redrawn after {1000 * (time.perf_counter() - start):.0f} ms")
        page.screenshot(path=tmp_path / "lab.png")
        assert "height of 4" in text.first.inner_text()
        browser.close()

"""Look at pages as readers do, light and dark, wide and narrow, and write down what is wrong.

Each page is loaded twice and seen in four views: wide it opens in light and turns dark, narrow the
other way round. `page.js` is asked what is broken, `audit.js` what axe says, `styles.js` what the
page misses of the stock styles. axe's rules on structure see every element, once a load, as they do
not depend on colors; its rules on colors see three elements of each kind, where a kind is one text
color on one ground (a listing has thousands of words and few kinds). A kind without fault is not
looked at again, on no page. Then all that answers is driven, and at last all that can be is opened.
"""

import queue
import shutil
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import sync_playwright

from .drive import drive

WIDE, NARROW = 1280, 390
LOADS = {WIDE: ("light", "dark"), NARROW: ("dark", "light")}
VIEWS = [(width, scheme) for width, schemes in LOADS.items() for scheme in schemes]
BROWSERS = 2
KILOBYTES, REQUESTS, SHIFT = 400, 25, 0.01
"""At most: compressed kB and requests at first view; layout shift until the reader leaves."""
# The shell is the same engine without windows: it takes two thirds of the processor time.
BROWSER_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, BROWSER_NAMES)), None)
SCRIPTS = [(Path(__file__).parent / f"{name}.js").read_text("utf-8") for name in ("page", "styles")]
AUDIT = AXE_SCRIPT + (Path(__file__).parent / "audit.js").read_text("utf-8")
FORBIDDEN = ("mathjax", "require.js", "require.min.js", "html-manager", "widget", "thebe")
TURNED = "(scheme) => [undefined, scheme].includes(document.documentElement.dataset.theme)"


@contextmanager
def chromium():
    """A browser that asks the network for nothing of its own."""
    # No sandbox: CI runs as root.
    quiet = ("no-sandbox", "disable-gpu", "disable-background-networking", "disable-sync")
    with sync_playwright() as play:
        options = {"executable_path": CHROMIUM, "args": [f"--{option}" for option in quiet]}
        browser = play.chromium.launch(**options)
        yield browser
        browser.close()


def open_page(browser, address, host, width=1280, scheme="light", script=True):
    """Open an address as a reader would; returns the page, its `faults` being collected."""
    context = browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme=scheme, java_script_enabled=script
    )
    for words in SCRIPTS:
        context.add_init_script(words)
    page = context.new_page()
    page.faults = []
    note = page.faults.append
    page.on("request", lambda r: r.url.startswith((host, "data:")) or note(f"asks {r.url}"))
    page.on("response", lambda r: r.status < 400 or note(f"{r.status} {r.url}"))
    page.on("console", lambda m: m.type in ("error", "warning") and note(f"console: {m.text}"))
    page.on("pageerror", lambda error: note(f"script error: {error}"))
    page.set_default_timeout(120_000)  # a machine with much else to do
    page.goto(address)
    return page


def weight(page):
    """(compressed kB, requests, names) of what the page has loaded by itself, before any move."""
    size, names = page.evaluate("seen.weight()")
    return size / 1000, len(names), names


def too_heavy(page):
    """What the first view costs too much, in words."""
    size, count, names = weight(page)
    faults = [f"loads {name}" for name in names if any(word in name for word in FORBIDDEN)]
    if size > KILOBYTES:
        faults.append(f"{size:.0f} kB at first view, {KILOBYTES} are allowed")
    if count > REQUESTS:
        faults.append(f"{count} requests at first view, {REQUESTS} are allowed")
    return faults


def look(page):
    """What is wrong with the open page as it looks now, in words."""
    faults = [f"broken picture: {source}" for source in page.evaluate("seen.broken()")]
    if (wider := page.evaluate("seen.overflow()")) > 0:
        faults.append(f"{wider} pixels wider than the screen")
    return faults + [f"broken anchor: {anchor}" for anchor in page.evaluate("seen.anchors()")]


def shift_again(browser, *load):
    """The layout shift of another load: on a busy machine a font can miss the first paint."""
    page = open_page(browser, *load)
    weight(page)
    page.evaluate("seen.scroll()")
    shift = page.evaluate("seen.shift()")
    page.context.close()
    return shift


@dataclass
class Site:
    """The pages at an address, and what is known of them all."""

    host: str
    lost: list[str] = field(default_factory=list)  # selectors that the shipped styles are without
    known: set[str] = field(default_factory=set)  # kinds of text without fault

    def visit(self, browser, name):
        """The faults of one page in each of its views: {(width, scheme): [words]}."""
        found = {}
        for width, schemes in LOADS.items():
            load = (self.host + name, self.host, width, schemes[0])
            page = open_page(browser, *load)
            late = too_heavy(page)
            page.evaluate("seen.scroll()")
            page.evaluate(AUDIT)
            for scheme in schemes:
                if scheme != schemes[0]:
                    page.emulate_media(color_scheme=scheme)
                page.wait_for_function(TURNED, arg=scheme)
                page.evaluate("seen.settled()")
                found[width, scheme] = look(page) + self.pale(page)
            late += page.evaluate("audit.structure()")
            late += page.evaluate("seen.stops()") + drive(page)
            if (shift := page.evaluate("seen.shift()")) > SHIFT:
                shift = min(shift, shift_again(browser, *load))
            if shift > SHIFT:
                late.append(f"the layout shifts by {shift:.3f}, {SHIFT} is allowed")
            if width == NARROW:
                late += self.missed(page)
            page.evaluate("seen.unfold()")
            late += page.evaluate("seen.stops()")
            if width == NARROW:
                page.evaluate("seen.press()")
                late += self.missed(page)
            for scheme in schemes:
                found[width, scheme] += page.faults + late
            page.context.close()
        return found

    def pale(self, page):
        """What axe says of the colors of those kinds of text that are not known."""
        fresh = [kind for kind in page.evaluate("audit.kinds()") if kind not in self.known]
        found = page.evaluate("kinds => audit.colors(kinds)", fresh) if fresh else []
        if not found:
            self.known.update(fresh)
        return found

    def missed(self, page):
        """Each rule that the styles have lost and that the page has something for."""
        found = page.evaluate("lost => styles.matching(lost)", self.lost) if self.lost else []
        return [f"the styles have lost {selector}" for selector in found]


@contextmanager
def visits(site, names):
    """{name: the faults of the page, in the future}: several browsers see to it meanwhile."""
    futures, waiting = {name: Future() for name in names}, queue.SimpleQueue()
    for name in futures:
        waiting.put(name)

    def left():
        with suppress(queue.Empty):
            while True:
                yield waiting.get_nowait()

    def work():
        try:
            with chromium() as browser:
                for name in left():
                    try:
                        futures[name].set_result(site.visit(browser, name))
                    except Exception as error:
                        futures[name].set_exception(error)
        except Exception as error:  # without a browser nobody shall wait for what is left
            for name in left():
                futures[name].set_exception(error)

    with ThreadPoolExecutor(BROWSERS) as pool:
        for _ in range(BROWSERS):
            pool.submit(work)
        try:
            yield futures
        finally:
            list(left())  # a run that is stopped visits no more

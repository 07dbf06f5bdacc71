"""Look at pages as readers do, light and dark, wide and narrow, and write down what is wrong.

Each page is loaded twice and seen in four views: wide it opens in light and turns dark, narrow the
other way round. `page.js` holds what is asked of a page. axe's rules on structure see every
element, once a load, as they do not depend on colors; its rules on colors, which take most of its
time, see three elements of each kind, where a kind is one text color on one ground (a listing has
thousands of words and few kinds). A kind without fault is not looked at again, on no page.
"""

import queue
import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import sync_playwright

from .drive import drive

LOADS = {1280: ("light", "dark"), 390: ("dark", "light")}
VIEWS = [(width, scheme) for width, schemes in LOADS.items() for scheme in schemes]
BROWSERS = 2
KILOBYTES, REQUESTS, SHIFT = 400, 25, 0.01
"""At most: compressed kB and requests at first view; layout shift until the reader leaves."""
# The shell is the same engine without windows: it takes two thirds of the processor time.
BROWSER_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, BROWSER_NAMES)), None)
SCRIPT = AXE_SCRIPT + (Path(__file__).parent / "page.js").read_text("utf-8")
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
    context.add_init_script(SCRIPT)
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


def shift_again(browser, address, host, width, scheme):
    """The layout shift of another load: on a busy machine a font can miss the first paint."""
    page = open_page(browser, address, host, width, scheme)
    weight(page)
    page.evaluate("seen.scroll()")
    shift = page.evaluate("seen.shift()")
    page.context.close()
    return shift


def audit(page, everything, known):
    """What axe finds, as pairs (is it a color?, words); adds to the `known` kinds of text."""
    fresh = [kind for kind in page.evaluate("seen.kinds()") if kind not in known]
    if not fresh and not everything:
        return []
    found = page.evaluate("([all, fresh]) => seen.audit(all, fresh)", [everything, fresh])
    if not any(color for color, _ in found):
        known.update(fresh)
    return found


def visit(browser, address, host, known):
    """The faults of one page in each of its views: {(width, scheme): [words]}."""
    found = {}
    for width, schemes in LOADS.items():
        page = open_page(browser, address, host, width, schemes[0])
        late = too_heavy(page)
        page.evaluate("seen.scroll()")
        for scheme in schemes:
            page.emulate_media(color_scheme=scheme)
            page.wait_for_function(TURNED, arg=scheme)
            page.evaluate("seen.settled()")
            axe = audit(page, scheme == schemes[0], known)
            found[width, scheme] = look(page) + [words for color, words in axe if color]
            late += [words for color, words in axe if not color]
        late += drive(page)
        if (shift := page.evaluate("seen.shift()")) > SHIFT:
            shift = min(shift, shift_again(browser, address, host, width, schemes[0]))
        if shift > SHIFT:
            late.append(f"the layout shifts by {shift:.3f}, {SHIFT} is allowed")
        for scheme in schemes:
            found[width, scheme] += page.faults + late
        page.context.close()
    return found


def visit_all(addresses, host, browsers=BROWSERS):
    """{address: faults by view} of many pages, several browsers at work."""
    waiting, found, known = queue.SimpleQueue(), {}, set()
    for address in addresses:
        waiting.put(address)

    def work(_):
        with chromium() as browser:
            while not waiting.empty():
                try:
                    address = waiting.get_nowait()
                except queue.Empty:
                    return
                found[address] = visit(browser, address, host, known)

    with ThreadPoolExecutor(browsers) as pool:
        list(pool.map(work, range(min(browsers, len(addresses)))))
    return found

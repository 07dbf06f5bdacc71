"""Look at pages as readers do, light and dark, wide and narrow, and write down what is wrong.

Each page is loaded twice and seen in four views: wide it opens in light and turns dark, narrow the
other way round. axe takes most of the time, and most of that for colors. So it looks at everything
once a load, and after the turn only at colors, those of formulas and listings left out: they do
not depend on the width, and the other load has seen them in this scheme.
"""

import queue
import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import sync_playwright

LOADS = {1280: ("light", "dark"), 390: ("dark", "light")}
VIEWS = [(width, scheme) for width, schemes in LOADS.items() for scheme in schemes]
BROWSERS = 2
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)

# Scrolls through the page so that lazy pictures load, as they do for a reader, and waits for them.
SCROLL = """async () => {
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  for (let y = 0; y < document.body.scrollHeight; y += 1000) {
    scrollTo(0, y);
    await frame();
    await frame();
  }
  await Promise.all([...document.images].map((image) => image.decode().catch(() => {})));
  scrollTo(0, 0);
}"""
BROKEN = "[...document.images].filter((i) => !i.naturalWidth).map((i) => i.src)"
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
AXE = """async ([context, rules]) => {
  const options = { resultTypes: ["violations"], ...(rules && { runOnly: rules }) };
  const { violations } = await axe.run(context || document, options);
  return violations.map((v) => `axe ${v.id}: ${v.nodes[0].html.slice(0, 120)}`);
}"""
EVERYTHING = [None, None]
COLORS = [{"exclude": [".katex", ".highlight"]}, ["color-contrast", "link-in-text-block"]]
TURNED = """(scheme) => [undefined, scheme].includes(document.documentElement.dataset.theme)"""
# Colors that fade from one scheme to the other are looked at once they have arrived.
SETTLED = """async () => {
  await new Promise(requestAnimationFrame);
  await Promise.allSettled(document.getAnimations().map((animation) => animation.finished));
}"""
# Moves every slider by one place and back: its picture must load and differ, its words must follow.
SLIDERS = """async () => {
  const faults = [];
  for (const figure of document.querySelectorAll("figure.trial-explore")) {
    const image = figure.querySelector("img");
    const shown = async () => {
      await image.decode().catch(() => {});
      const words = figure.querySelector(".trial-sentence").textContent;
      return [image.src, image.alt, words, image.naturalWidth > 0 && image.alt === words];
    };
    for (const [i, input] of figure.querySelectorAll("input").entries()) {
      const start = input.value, before = await shown();
      const name = `slider ${i + 1} (${input.labels[0]?.innerText.split("\\n")[0].trim()})`;
      const move = async (value) => {
        input.value = value;
        input.dispatchEvent(new Event("input", { bubbles: true }));
        return shown();
      };
      const after = await move(+start < +input.max ? +start + 1 : +start - 1);
      if ([0, 1, 2].some((k) => after[k] === before[k])) faults.push(`${name} is dead`);
      if (!after[3]) faults.push(`${name} shows no picture, or other words than it says`);
      if (`${await move(start)}` !== `${before}`) faults.push(`${name} does not come back`);
    }
  }
  return faults;
}"""


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


def look(page, rules):
    """What is wrong with the open page as it looks now, in words."""
    page.evaluate(SCROLL)
    faults = [f"broken picture: {source}" for source in page.evaluate(BROKEN)]
    if (wider := page.evaluate(OVERFLOW)) > 0:
        faults.append(f"{wider} pixels wider than the screen")
    return faults + page.evaluate(AXE, rules)


def visit(browser, address, host):
    """The faults of one page in each of its views: {(width, scheme): [words]}."""
    found = {}
    for width, schemes in LOADS.items():
        page = open_page(browser, address, host, width, schemes[0])
        page.evaluate(AXE_SCRIPT)
        for scheme, rules in zip(schemes, (EVERYTHING, COLORS), strict=True):
            page.emulate_media(color_scheme=scheme)
            page.wait_for_function(TURNED, arg=scheme)
            page.evaluate(SETTLED)
            found[width, scheme] = look(page, rules)
        sliders = page.evaluate(SLIDERS)
        for scheme in schemes:
            found[width, scheme] += page.faults + sliders
        page.context.close()
    return found


def visit_all(addresses, host, browsers=BROWSERS):
    """{address: faults by view} of many pages, several browsers at work."""
    waiting, found = queue.SimpleQueue(), {}
    for address in addresses:
        waiting.put(address)

    def work(_):
        with chromium() as browser:
            while not waiting.empty():
                try:
                    address = waiting.get_nowait()
                except queue.Empty:
                    return
                found[address] = visit(browser, address, host)

    with ThreadPoolExecutor(browsers) as pool:
        list(pool.map(work, range(min(browsers, len(addresses)))))
    return found

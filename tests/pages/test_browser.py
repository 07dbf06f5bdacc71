"""Every page in a real browser, light and dark, wide and narrow; every slider by mouse and key."""

import os

import pytest

from . import visit
from .test_files import PAGES

pytestmark = pytest.mark.browser
SCHEMES = ("light", "dark")
CHAPTER = "notebooks/03_one_step.html"


@pytest.mark.parametrize("view", visit.VIEWS, ids=lambda view: f"{view[0]}-{view[1]}")
@pytest.mark.parametrize("name", [name for name in PAGES if name != "index.html"])
def test_a_page_has_no_fault(faults, name, view):
    assert faults[name][view] == []


PAGE = "<!doctype html><html lang=en><title>A page</title><main><h1>A page</h1>{}</main></html>"
ALL, DARK = set(visit.VIEWS), {view for view in visit.VIEWS if view[1] == "dark"}
NARROW = {view for view in visit.VIEWS if view[0] == 390}
PICTURE = "data:image/gif;base64,R0lGODlhAQABAAAAACw="
# Two pictures that load, one red and one black.
FIGURE = """<figure class="trial-explore"><label>lam <input type="range"
max="2" value="1" aria-valuetext="1"></label>
<output>1</output><p class="trial-sentence">One dot.</p><img alt="One dot." src="{red}"><script>
const figure = document.currentScript.parentNode, image = figure.querySelector("img");
const value = (at) => figure.querySelector("output").textContent = at;
figure.querySelector("input").oninput = (event) => {{
  const at = event.target.value;
  event.target.setAttribute("aria-valuetext", value(at));
  {move}
}};
const say = (words) => image.alt = figure.querySelector("p").textContent = words;
</script></figure>"""
SVG = "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'>{}</svg>"
RED, BLACK = SVG.format("<path stroke='red' d='M0 0h9'/>"), SVG.format("<path d='M0 0h9v9'/>")
DRAW = f"""image.src = at == 1 ? "{RED}" : "{BLACK}".replace("h9v9", `h9v${{at}}`);"""
SAY = """say(at == 1 ? "One dot." : "Dot " + at);"""
MOVE = DRAW + SAY
QUIZ = """<form class="trial-quiz"><fieldset><legend>Which?</legend>
<label><input type="radio" name="a" value="1" data-words="Right.">A</label>
<label><input type="radio" name="a" value="" data-words="No.">B</label><p role="status"></p>
</fieldset><script>document.querySelector("fieldset").onchange = ({{ target }}) => {{
  {chosen}
}}</script></form>"""
CHOSEN = """document.querySelector("[role=status]").textContent = target.dataset.words;
target.closest("label").className = target.value ? "right" : "wrong";"""
# What stands on a page, the fault it must be blamed for, and the views that must blame it.
PLANTED = {
    "nothing": ("<p>Text.</p>", "", set()),
    "a live slider": (FIGURE.format(red=RED, move=MOVE), "", set()),
    "a picture from another host": ('<img src="http://127.0.0.2:9/a.png" alt="A.">', "asks", ALL),
    "a missing file": ('<img src="gone.png" alt="A dot.">', "404", ALL),
    "a broken picture": ('<img src="favicon.ico" alt="A dot.">', "broken picture", ALL),
    "a script error": ("<script>nothing.at.all</script>", "script error", ALL),
    "a console error": ("<script>console.error('no')</script>", "console: no", ALL),
    "a console error in the dark": (
        "<script>matchMedia('(prefers-color-scheme: dark)').onchange = () => "
        "console.warn('no')</script>",
        "console: no",
        ALL,  # who is to blame is only known to the load
    ),
    "something too wide": ('<p style="width:3000px">Text.</p>', "wider than the screen", ALL),
    "something too wide for a telephone": ('<p style="width:500px">A.</p>', "wider", NARROW),
    "a picture without words": (
        f'<img src="{PICTURE}">',
        "axe image-alt",
        ALL,
    ),
    "pale words": ('<p style="color:#ddd">Text.</p>', "axe color-contrast", ALL),
    "words that are pale in the dark": (
        "<style>@media (prefers-color-scheme: dark) {p {color: #ddd}}</style><p>Text.</p>",
        "axe color-contrast",
        DARK,
    ),
    "a dead slider": (FIGURE.format(red=RED, move=""), "slider 1 (lam) is dead", ALL),
    "a slider that moves its words alone": (
        FIGURE.format(red=RED, move=SAY),
        "is dead",
        ALL,
    ),
    "a slider that moves its picture alone": (
        FIGURE.format(red=RED, move=DRAW),
        "is dead",
        ALL,
    ),
    "a slider without keys": (
        FIGURE.format(red=RED, move=MOVE).replace(
            "</script>",
            """
document.querySelector("input").onkeydown = (event) => event.preventDefault();</script>""",
        ),
        "by Home is dead",
        ALL,
    ),
    "a slider without a mouse": (
        FIGURE.format(red=RED, move=MOVE).replace("<input", '<input style="pointer-events: none"'),
        "slider 1 (lam) is dead",
        ALL,
    ),
    "a slider that says its old value": (
        FIGURE.format(red=RED, move=MOVE).replace("value(at));", "value(at) && 1);"),
        "other words than it says",
        ALL,
    ),
    "a broken anchor": ('<a href="#nowhere">A place.</a>', "broken anchor: nowhere", ALL),
    "too many bytes": (f"<!--{os.urandom(500_000).hex()}-->", "kB at first view", ALL),
    "too many requests": (
        "".join(f'<img src="favicon.svg?{k}" alt="A dot.">' for k in range(25)),
        "requests at first view",
        ALL,
    ),
    "a script for mathematics": ('<script src="mathjax.js"></script>', "loads http", ALL),
    "text that jumps": (
        # Only what was painted can jump.
        """<div id="late"></div><p style="height:300px">Text.</p><script>
new PerformanceObserver(() => document.querySelector("#late").style.height = "300px")
  .observe({ type: "paint", buffered: true });</script>""",
        "the layout shifts",
        ALL,
    ),
    "a pale word among many": (
        "<p>Text.</p>" * 9 + '<p>Text, <span style="color:#ddd">pale</span>.</p>',
        "axe color-contrast",
        ALL,
    ),
    "words on a ground too dark": (
        "<p>Text.</p>" * 9 + '<div style="background:#333"><p>Text.</p></div>',
        "axe color-contrast",
        ALL,
    ),
    "a dead quiz": (QUIZ.format(chosen=""), "does not answer", ALL),
    "a live quiz": (QUIZ.format(chosen=CHOSEN), "", set()),
    "a quiz that praises what is wrong": (
        QUIZ.format(chosen=CHOSEN.replace('"wrong"', '"right"')),
        "does not answer to its choice 2",
        ALL,
    ),
    "a slider whose picture is missing": (
        FIGURE.format(
            red=RED,
            move=MOVE.replace(BLACK, "gone.png?${at}").replace(
                '"gone.png?${at}"', "`gone.png?${at}`"
            ),
        ),
        "no picture",
        ALL,
    ),
}


@pytest.fixture(scope="module")
def planted(have_chromium, serve, tmp_path_factory):
    """What is found on a page for each planted fault."""
    folder = tmp_path_factory.mktemp("planted")
    (folder / "favicon.ico").write_bytes(b"")
    (folder / "favicon.svg").write_text(RED.partition(",")[2])
    (folder / "mathjax.js").write_text("")
    host = serve(folder)
    addresses = {name: f"{host}{k}.html" for k, name in enumerate(PLANTED)}
    for k, (body, *_) in enumerate(PLANTED.values()):
        (folder / f"{k}.html").write_text(PAGE.format(body))
    found = visit.visit_all(list(addresses.values()), host)
    return {name: found[address] for name, address in addresses.items()}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_fault_is_seen(planted, name):
    _, word, views = PLANTED[name]
    blamed = {view for view, faults in planted[name].items() if any(word in f for f in faults)}
    assert blamed == views


@pytest.fixture(params=SCHEMES)
def slider(look, book, request):
    """The chapter's interactive figure, and what it shows now."""
    page = look(book + CHAPTER, book, scheme=request.param)
    figure = page.locator("figure.trial-explore").first
    # In the middle: at the edge the page's fixed header would take the mouse's clicks.
    figure.locator("input").first.evaluate("e => e.scrollIntoView({block: 'center'})")

    def state():
        image = figure.locator("img")
        return {
            "picture": image.get_attribute("src"),
            "loaded": image.evaluate("async (i) => { await i.decode(); return i.naturalWidth; }"),
            "alt": image.get_attribute("alt"),
            "sentence": figure.locator(".trial-sentence").inner_text(),
            "spoken": figure.locator("input").first.get_attribute("aria-valuetext"),
            "written": figure.locator("output").first.inner_text(),
        }

    return page, figure, state


def changed(before, after):
    """Picture, alternative text, sentence and value moved together, and agree."""
    assert after["loaded"] > 0
    assert all(before[key] != after[key] for key in ("picture", "alt", "sentence", "spoken"))
    assert after["alt"] == after["sentence"] and after["spoken"] == after["written"]
    assert f"λ = {after['spoken']}," in after["sentence"]
    return True


def test_the_sliders_answer_to_keys(slider):
    page, figure, state = slider
    handle = figure.locator("input").first
    handle.focus()
    start = state()
    for key in ("ArrowRight", "Home", "End", "ArrowLeft"):
        before = state()
        page.keyboard.press(key)
        assert changed(before, state())
    handle.fill("4")
    assert state() == start  # the same place shows the same picture
    assert page.faults == []


def test_the_sliders_answer_to_the_mouse(slider):
    page, figure, state = slider
    before = state()
    box = figure.locator("input").first.bounding_box()
    page.mouse.click(box["x"] + 3, box["y"] + box["height"] / 2)
    assert changed(before, state())
    before = state()
    page.mouse.move(box["x"] + 3, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 3, box["y"] + box["height"] / 2, steps=5)
    page.mouse.up()
    assert changed(before, state())


def test_the_second_slider_is_alive_too(slider):
    page, figure, state = slider
    before = state()
    figure.locator("input").nth(1).focus()
    page.keyboard.press("ArrowRight")
    after = state()
    assert before["picture"] != after["picture"] and before["sentence"] != after["sentence"]
    assert before["spoken"] == after["spoken"]  # the first slider did not move


def test_without_script_the_figure_still_shows_a_picture(look, book):
    page = look(book + CHAPTER, book, script=False)
    figure = page.locator("figure.trial-explore").first
    figure.scroll_into_view_if_needed()
    assert figure.locator("img").get_attribute("alt")
    assert "JavaScript" in figure.inner_text()


def test_folded_proofs_and_solutions_open_on_a_click(look, book):
    page = look(book + CHAPTER, book)
    solution = page.locator(".solution.dropdown").first
    words = solution.locator("p").nth(1)
    assert not words.is_visible()
    solution.locator("button, summary").first.click()
    assert words.is_visible()
    assert page.faults == []


def test_the_ledger_shows_one_verdict_of_one_section(look, book):
    page = look(book + "book/verdicts.html", book)
    shown = page.locator(".ledger-entry:not([hidden])")
    assert shown.count() == 70
    page.locator('.ledger-filter button[data-verdict="false"]').click()
    labels = set(shown.locator(".verdict-label").all_inner_texts())
    assert labels == {"False"} and 1 < (everywhere := shown.count()) < 70
    page.locator(".ledger-filter select").select_option("article-section-7-3")
    assert 0 < shown.count() < everywhere
    assert page.locator("section:has(> .ledger-entry):visible").count() == 1
    page.locator(".ledger-filter button").first.click()
    page.locator(".ledger-filter select").select_option("")
    assert shown.count() == 70

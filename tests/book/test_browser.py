"""Every page in a real browser, light and dark, wide and narrow; every slider by mouse and key."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from .test_files import PAGES

pytestmark = pytest.mark.browser
WIDTHS, SCHEMES = (1280, 390), ("light", "dark")
CHAPTER = "notebooks/03_one_step.html"
# Scrolls through the page so that lazy pictures load, as they do for a reader.
SCROLL = """async () => {
  for (let y = 0; y < document.body.scrollHeight; y += 600) {
    scrollTo(0, y);
    await new Promise((done) => setTimeout(done, 15));
  }
  scrollTo(0, 0);
}"""
BROKEN = "[...document.images].filter((i) => i.complete && !i.naturalWidth).map((i) => i.src)"
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def inspect(page):
    """Everything that is wrong with an open page, in words."""
    page.evaluate(SCROLL)
    page.wait_for_load_state("networkidle")
    faults = list(page.faults)
    faults += [f"broken picture: {source}" for source in page.evaluate(BROKEN)]
    if (wider := page.evaluate(OVERFLOW)) > 0:
        faults.append(f"{wider} pixels wider than the screen")
    for violation in Axe().run(page).response["violations"]:
        faults.append(f"axe {violation['id']}: {violation['nodes'][0]['html'][:120]}")
    return faults


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", [name for name in PAGES if name != "index.html"])
def test_a_page_has_no_fault(look, book, name, width, scheme):
    assert inspect(look(book + name, book, width, scheme)) == []


PAGE = "<!doctype html><html lang=en><title>A page</title><main><h1>A page</h1>{}</main></html>"
PLANTED = {
    "nothing": ("<p>Text.</p>", None),
    "a picture from another host": ('<img src="http://127.0.0.2:9/a.png" alt="A dot.">', "asks"),
    "a missing file": ('<img src="gone.png" alt="A dot.">', "404"),
    "a script error": ("<script>nothing.at.all</script>", "script error"),
    "a console error": ("<script>console.error('no')</script>", "console: no"),
    "something too wide": ('<p style="width:3000px">Text.</p>', "wider than the screen"),
    "a picture without words": ('<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">', "axe"),
}


@pytest.mark.parametrize(("body", "word"), PLANTED.values(), ids=PLANTED)
def test_a_planted_fault_is_seen(look, serve, tmp_path, body, word):
    (tmp_path / "page.html").write_text(PAGE.format(body))
    (tmp_path / "favicon.ico").write_bytes(b"")
    host = serve(tmp_path)
    faults = inspect(look(host + "page.html", host))
    assert not faults if word is None else any(word in fault for fault in faults)


@pytest.fixture(params=SCHEMES)
def slider(look, book, request):
    """The chapter's interactive figure, and what it shows now."""
    page = look(book + CHAPTER, book, scheme=request.param)
    figure = page.locator("figure.trial-explore").first
    # In the middle: at the edge the page's fixed header would take the mouse's clicks.
    figure.locator("input").first.evaluate("e => e.scrollIntoView({block: 'center'})")

    def state():
        page.wait_for_load_state("networkidle")
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

"""What scrolls is a stop for the keyboard; what is folded away costs nothing until it is open."""

import pytest

from . import visit

pytestmark = pytest.mark.browser
CHAPTER = "notebooks/07_step_sizes.html"
BOXES = """() => [...document.querySelectorAll("[data-scroll-name], pre, .cell_output > .output")]
  .filter((box) => box.checkVisibility())
  .map((box) => [
    box.scrollWidth > box.clientWidth + 1
      || !box.dataset.scrollName && box.scrollHeight > box.clientHeight + 1,
    box.tabIndex === 0,
    (box.dataset.scrollName ?? null) === box.getAttribute("aria-label"),
  ])"""


@pytest.mark.parametrize("width", [1280, 390])
def test_what_scrolls_is_a_stop_and_nothing_else(look, book, width):
    page = look(book + CHAPTER, book, width=width)
    visit.weight(page)
    before = page.evaluate(BOXES)
    page.evaluate("document.querySelectorAll('details').forEach((box) => { box.open = true })")
    page.wait_for_function(f"({BOXES})().every(([scrolls, stop]) => scrolls === stop)")
    after = page.evaluate(BOXES)
    assert len(after) > len(before) > 0
    assert {(scrolls, stop) for scrolls, stop, _ in [*before, *after]} == {
        (True, True),
        (False, False),
    }
    assert all(named for scrolls, _, named in after if scrolls)


def test_a_folded_box_has_its_stops_once_it_is_open(look, book):
    page = look(book + CHAPTER, book, width=390)
    visit.weight(page)
    for button in page.locator(".toggle-button").all():
        button.click()
    assert all(scrolls == stop for scrolls, stop, _ in page.evaluate(BOXES))


FOLDED = """() => [...document.querySelectorAll(".admonition.dropdown")].map((box) => [
  Math.round(box.getBoundingClientRect().height),
  box.querySelector(":scope > .admonition-title ~ * *").checkVisibility(),
])"""


def test_what_is_folded_away_is_not_laid_out_and_looks_so_before_its_script_has_run(look, book):
    page = look(book + "book/proofs.html", book, width=390)
    visit.weight(page)
    folded = page.evaluate(FOLDED)
    assert len(folded) > 10 and not any(visible for _, visible in folded)
    page.route("**/togglebutton.js*", lambda route: route.abort())
    page.reload()
    assert page.locator(".toggle-button").count() == 0
    assert page.evaluate(FOLDED) == folded
    page.faults.clear()  # the script that was kept away is missed


def test_what_is_folded_away_opens(look, book):
    page = look(book + "book/proofs.html", book, width=390)
    before = page.evaluate(FOLDED)[0][0]
    page.locator(".toggle-button").first.click()
    page.wait_for_function(f"({FOLDED})()[0][0] > {before + 50}")
    assert page.evaluate(FOLDED)[0][1]
    bare = look(book + "book/proofs.html", book, width=390, script=False)
    assert all(height > before + 20 and visible for height, visible in bare.evaluate(FOLDED))

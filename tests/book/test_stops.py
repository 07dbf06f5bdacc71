"""What scrolls can be reached by keyboard, and what does not is no stop on the way."""

import pytest

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
    page.wait_for_load_state("networkidle")
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
    page.wait_for_load_state("networkidle")
    for button in page.locator(".toggle-button").all():
        button.click()
    assert all(scrolls == stop for scrolls, stop, _ in page.evaluate(BOXES))

"""What is folded away costs nothing until it is open, and opens."""

import pytest

from . import visit

pytestmark = pytest.mark.browser
CHAPTER, PROOFS = "notebooks/07_step_sizes.html", "book/proofs.html"
FOLDED = """() => [...document.querySelectorAll(".admonition.dropdown")].map((box) => [
  Math.round(box.getBoundingClientRect().height),
  box.querySelector(":scope > .admonition-title ~ * *").checkVisibility(),
])"""
STOPS = """() => [...document.querySelectorAll("[data-scroll-name], pre, .cell_output > .output")]
  .filter((box) => box.checkVisibility())
  .map((box) => box.tabIndex)"""


def test_a_proof_is_folded_away_from_the_start_opens_and_stands_open_without_script(look, book):
    page = look(book + PROOFS, book, width=390)
    visit.weight(page)
    folded = page.evaluate(FOLDED)
    assert len(folded) > 10 and not any(visible for _, visible in folded)
    page.locator(".toggle-button").first.click()
    page.wait_for_function(f"({FOLDED})()[0][0] > {folded[0][0] + 50}")
    assert page.evaluate(FOLDED)[0][1]
    page.route("**/togglebutton.js*", lambda route: route.abort())
    page.reload()
    assert page.locator(".toggle-button").count() == 0
    assert page.evaluate(FOLDED) == folded
    bare = look(book + PROOFS, book, width=390, script=False).evaluate(FOLDED)
    assert all(height > folded[0][0] + 20 and visible for height, visible in bare)


def test_solutions_open_on_a_click_and_have_stops_like_what_stands_open(look, book):
    page = look(book + CHAPTER, book, width=390)
    solution = page.locator(".solution.dropdown").first
    words = solution.locator("p").nth(1)
    assert not words.is_visible()
    solution.locator("button, summary").first.click()
    assert words.is_visible()
    before = page.evaluate(STOPS)
    page.evaluate("seen.unfold()")
    assert page.evaluate("seen.stops()") == []
    after = page.evaluate(STOPS)
    assert len(after) > len(before) > 0
    assert set(before) == set(after) == {0, -1}
    assert page.faults == []

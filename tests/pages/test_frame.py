"""What stands around a text answers to mouse and key: the menu of files, the way to the top."""

import pytest

pytestmark = pytest.mark.browser
CHAPTER = "notebooks/speed.html"  # a short one
SCROLL = """(to) => new Promise((done) => {
  addEventListener("scroll", done, { once: true });
  scrollTo(0, to);
})"""


@pytest.fixture
def page(look, book):
    page = look(book + CHAPTER, book)
    yield page
    assert page.faults == []


def test_the_menu_offers_the_notebook_and_paper(page):
    button = page.get_by_role("button", name="Download this page")
    entries = page.locator(".dropdown-download-buttons .dropdown-item")
    assert not entries.first.is_visible()
    button.click()
    assert button.get_attribute("aria-expanded") == "true"
    assert entries.all_inner_texts() == [".ipynb", ".pdf"] and entries.last.is_visible()
    page.evaluate("window.print = () => (window.printed = true)")
    entries.last.click()
    assert page.evaluate("window.printed") and button.get_attribute("aria-expanded") == "false"
    page.mouse.move(0, 700)
    button.click()
    page.mouse.click(640, 700)
    assert not entries.first.is_visible()


def test_the_menu_answers_to_keys(page):
    button = page.get_by_role("button", name="Download this page")
    entry = page.locator(".dropdown-download-buttons .dropdown-item").first
    button.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert entry.is_visible() and entry.evaluate("e => e === document.activeElement")
    page.keyboard.press("Escape")
    assert not entry.is_visible() and button.evaluate("e => e === document.activeElement")
    page.keyboard.press("Space")
    assert entry.is_visible()
    page.keyboard.press("Shift+Tab")
    assert not entry.is_visible()


def test_a_telephone_shows_the_way_to_the_top_while_one_scrolls_up(look, book):
    page = look(book + CHAPTER, book, width=390)
    button = page.locator("#pst-back-to-top")
    page.evaluate(SCROLL, 5000)
    assert not button.is_visible()
    page.evaluate(SCROLL, 4000)
    button.wait_for(state="visible")
    button.click()
    page.wait_for_function("scrollY === 0")
    button.wait_for(state="hidden")
    assert page.faults == []

"""The stock styles lose only what no page can show; the visits ask every page what it misses."""

import pytest

from . import stock
from .conftest import HTML

pytestmark = pytest.mark.browser


def matching(page, selectors):
    return page.evaluate("selectors => styles.matching(selectors)", selectors)


def test_what_is_left_stands_in_the_stock_styles_in_the_same_order(sheets):
    whole, shipped = sheets
    assert len(shipped) < len(whole) / 2 and not shipped - whole
    assert list(shipped) == [row for row in whole if row in shipped]


def test_no_lost_rule_matches_what_a_search_finds(look, book, sheets):
    page = look(book + "search.html?q=clipping", book, width=390)
    page.wait_for_selector("#search-results li")
    assert (lost := stock.lost(*sheets, HTML)) and matching(page, lost) == []


def test_a_lost_rule_that_a_page_needs_is_named(look, book):
    page = look(book + "search.html", book)
    for words, selector in (
        ("<span class='sd-badge'>", ".sd-badge"),
        ("<p class='carousel'>", ".carousel:not(.x) ::before"),
        ("<ul><li><kbd>", "li > :is(kbd, .none):hover"),
    ):
        page.set_content(words)
        assert matching(page, [".none", selector, ".none > *"]) == [selector]


def test_no_font_and_no_animation_is_missed(sheets):
    whole, shipped = sheets
    values = " ".join(words for _, selector, words in shipped if selector != "@font-face")
    values += (HTML / "_static/trial.css").read_text("utf-8")
    lost = {words for _, kind, words in whole - shipped if kind in ("@font-face", "@keyframes")}
    assert lost and not [words for words in lost if words.split()[0].strip("'\"") in values]

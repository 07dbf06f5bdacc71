"""The list of verdicts shows those that a reader asks for."""

import pytest

from trial.page.claims import ledger, ours

pytestmark = pytest.mark.browser
ALL = len(ledger()) + len(ours())
"""The article's claims and defects, and the claims of this book."""


def test_the_ledger_shows_one_verdict_of_one_section(look, book):
    page = look(book + "book/verdicts.html", book)
    shown = page.locator(".ledger-entry:not([hidden])")
    assert shown.count() == ALL
    page.locator('.ledger-filter button[data-verdict="false"]').click()
    labels = set(shown.locator(".verdict-label").all_inner_texts())
    assert labels == {"False"} and 1 < (everywhere := shown.count()) < ALL
    page.locator(".ledger-filter select").select_option("article-section-7-2")
    assert 0 < shown.count() < everywhere
    assert page.locator("section:has(> .ledger-entry):visible").count() == 1
    page.locator(".ledger-filter button").first.click()
    page.locator(".ledger-filter select").select_option("")
    assert shown.count() == ALL

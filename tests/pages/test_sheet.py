"""The sheet fits a sheet."""

import re

import pytest

pytestmark = pytest.mark.browser


def test_the_sheet_prints_on_one_page_of_a4(look, book):
    page = look(book + "book/sheet.html", book)
    printed = page.pdf(format="A4")
    assert len(re.findall(rb"/Type\s*/Page[^s]", printed)) == 1

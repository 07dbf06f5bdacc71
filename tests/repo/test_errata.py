"""The errata: every line says where, what was said and what is right; corrections have a date."""

import re
from datetime import date
from pathlib import Path

PAGE = (Path(__file__).parents[2] / "book" / "errata.md").read_text("utf-8")
ROWS = [re.split(r" \| ", line.strip("| ")) for line in PAGE.split("\n") if line.startswith("| ")]
LINK = re.compile(r"\{(ref|doc)\}`|\]\(index\.md\)")


def test_a_correction_has_a_date_a_page_and_two_sentences_in_order_of_time():
    rows = [row for row in ROWS if re.match(r"\d{4}-", row[0])]
    assert len(rows) >= 10 and {len(row) for row in rows} == {4}
    dates = [date.fromisoformat(row[0]) for row in rows]
    assert dates == sorted(dates)
    assert all(LINK.search(row[1]) for row in rows)
    assert all(said.endswith(".") and right.endswith((".", ")")) for *_, said, right in rows)


def test_what_was_expected_stands_beside_what_was_measured_on_a_page():
    rows = [row for row in ROWS if row[0].startswith("{ref}")]
    assert len(rows) >= 8 and {len(row) for row in rows} == {3}

"""The glossary: short entries, each with a way to the page where its word is at home."""

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "book" / "glossary.md"
PARTS = re.findall(r"^### ([\w-]+)\n\n(.+)\n\n(.+)\n", PAGE.read_text("utf-8"), re.M)
ENTRIES = [[*re.findall(r"\*\*(.+?)\*\*", names), text] for _, names, text in PARTS]
HOME = re.compile(r" (Chapter: \[\w+\]\(\.\./notebooks/\w+\.ipynb\)|Page: \[[^\]]+\]\(\w+\.md\))$")


def test_a_heading_is_its_first_name_in_lower_case_and_in_order():
    slugs = [re.sub(r"[ ]", "-", names[0].lower()) for names in ENTRIES]
    assert [heading for heading, _, _ in PARTS] == slugs == sorted(slugs)


def test_an_entry_is_a_few_names_and_one_line_that_ends_at_home():
    for *names, text in ENTRIES:
        assert 1 <= len(names) <= 3, names
        assert HOME.search(text), names


def test_an_entry_is_two_sentences_or_three_at_most():
    for name, *_, text in ENTRIES:
        assert 1 <= len(re.findall(r"[.!](?=\s)", HOME.sub(" ", text))) <= 3, name


def test_no_name_stands_twice():
    names = [name for *names, _ in ENTRIES for name in names]
    assert len(ENTRIES) >= 50
    assert len({name.lower() for name in names}) == len(names)

"""The glossary: short entries, each with a way to the page where its word is at home."""

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "book" / "glossary.md"
GLOSSARY = re.search(r"```\{glossary\}\n:sorted:\n\n(.*?)\n```", PAGE.read_text("utf-8"), re.S)[1]
ENTRIES = [entry.split("\n") for entry in GLOSSARY.split("\n\n")]
HOME = re.compile(r" (Chapter: \{ref\}`chapter-[\w-]+`|Page: \{doc\}`\w+`)$")


def test_an_entry_is_a_few_names_and_one_line_that_ends_at_home():
    for *names, text in ENTRIES:
        assert 1 <= len(names) <= 3, names
        assert text.startswith("  "), names
        assert HOME.search(text), names


def test_an_entry_is_two_sentences_or_three_at_most():
    for name, *_, text in ENTRIES:
        assert 1 <= len(re.findall(r"[.!](?=\s)", HOME.sub(" ", text))) <= 3, name


def test_no_name_stands_twice():
    names = [name for *names, _ in ENTRIES for name in names]
    assert len(ENTRIES) >= 50
    assert len({name.lower() for name in names}) == len(names)

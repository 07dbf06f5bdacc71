"""What the theme writes around the chapters: cards, reading times, metadata, room for sentences."""

import json
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from bs4 import BeautifulSoup
from nbformat import v4, write

from trial.page.claims import ledger
from trial.sphinx import chapters, reading, scripts, sharing, sliders, social

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))


@pytest.fixture
def chapter(tmp_path):
    """A notebook of 400 words, two outputs and a cell without any."""
    text = (
        "# Why?\n\nYou will know\n\n- one $x$;\n- [two](../book/glossary.md#pair).\n\n"
        + "word " * 391
    )
    shown = [v4.new_output("stream", text="1\n")]
    cells = [v4.new_markdown_cell(text)]
    cells += [v4.new_code_cell("1", outputs=outputs) for outputs in (shown, [], shown)]
    write(v4.new_notebook(cells=cells), tmp_path / "why.ipynb")
    return chapters.Chapter(tmp_path / "why.ipynb")


def test_a_chapter_says_its_question_its_promises_and_its_minutes(chapter):
    assert chapter.title == "Why?" and chapter.promises == [
        "one $x$",
        "[two](../book/glossary.md#pair)",
    ]
    assert len(chapter.text.split()) == 401
    assert chapter.minutes == 3  # two for the words, half a minute for each output
    assert chapter.settles == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_chapter_asks_a_question_and_promises_something(path):
    chapter = chapters.Chapter(path)
    assert chapter.title.endswith("?") and len(chapter.promises) >= 2
    assert 3 < chapter.minutes < 60


def test_cards_name_each_settled_claim():
    named = {id for path in NOTEBOOKS for id in chapters.Chapter(path).settles}
    assert named == {entry.id for entry in ledger().values() if entry.settled_in}


@pytest.mark.parametrize(
    ("ids", "words"),
    [
        ([], ""),
        (["C1"], "C1"),
        (["C4", "C5"], "C4, C5"),
        (["C9", "C10", "C11", "C20"], "C9 to C11, C20"),
        (["C24", "D1", "D2", "D3"], "C24, D1 to D3"),
        (["C1", "D2"], "C1, D2"),
    ],
)
def test_a_row_of_claims_is_read_as_a_range(ids, words):
    assert chapters.runs(ids) == words


def test_the_line_under_a_title_names_seconds_only_where_they_are_known(chapter):
    assert "About 3 minutes to read.</p>" in reading.line(chapter, None)
    assert "Its code ran in 12 s when" in reading.line(chapter, 12.3)


def environment(tmp_path, **ran):
    """What Sphinx knows of two notebooks and a page after a build."""
    known = {page: {"exec_data": {"runtime": time}} for page, time in ran.items()}
    pages = {"why": "why.ipynb", "text": "text.md"}
    return SimpleNamespace(
        nb_metadata=known, found_docs=set(pages), doc2path=lambda page: str(tmp_path / pages[page])
    )


def test_the_table_of_run_times_adds_up(chapter):
    table = reading.run_times(environment(chapter.path.parent, why=2.34))
    rows = [row.get_text("|") for row in BeautifulSoup(table, "html.parser").find_all("tr")]
    assert rows == ["Notebook|Seconds", "Why?|2.3", "All|2.3"]
    assert "nothing was run" in reading.run_times(environment(chapter.path.parent))


def figure(sentences, values, labels):
    data = json.dumps({"frames": [], "sentences": sentences, "values": values})
    return (
        f'<figure class="trial-explore">{labels}<p class="trial-sentence">{sentences[0]}</p>'
        f'<script type="application/json">{data}</script></figure>'
    )


def test_the_longest_words_keep_their_room():
    labels = '<label><input></label><label class="worded"><input></label>'
    page = figure(["Short.", 'The "longest" <b>.'], [["1", "20"], ["none", "a lot"]], labels)
    soup = BeautifulSoup(sliders.FIGURE.sub(sliders.reserve, f"<p>{page}</p>"), "html.parser")
    assert [label["data-longest"] for label in soup.find_all("label")] == ["20", "a lot"]
    box = soup.find(class_="trial-saying")
    assert box["data-longest"] == 'The "longest" <b>.'
    assert box.find(class_="trial-sentence").get_text() == "Short."


def test_a_picture_from_a_live_session_is_left_alone():
    saved = '<figure class="trial-explore"><img></figure>'
    assert sliders.FIGURE.sub(sliders.reserve, saved) == saved


def sphinx(path=None, page="why"):
    env = SimpleNamespace(found_docs={page} if path else set(), doc2path=lambda _: str(path))
    return SimpleNamespace(env=env, config=SimpleNamespace(project="A book", html_baseurl=""))


def test_a_chapter_is_described_by_its_promises(chapter):
    assert sharing.description(sphinx(chapter.path), "why", "") == "You will know one x; two."


def test_another_page_is_described_by_its_first_paragraph():
    body = "<h1>Title</h1><p>The <em>first</em>\nwords.</p><p>More.</p>"
    assert sharing.description(sphinx(), "text", body) == "The first words."
    assert sharing.description(sphinx(), "text", "") == "A book"


def test_a_long_description_ends_between_two_words():
    words = sharing.shortened("seven letters; " * 30)
    assert len(words) <= 200 and re.fullmatch(r"(seven letters; )+seven( letters)?…", words)


@pytest.mark.parametrize("address", ["https://a.org/book", "https://a.org/book/"])
def test_the_address_of_the_book_is_taken_from_the_environment(monkeypatch, address):
    config = SimpleNamespace(html_baseurl="")
    monkeypatch.setenv(sharing.ADDRESS, address)
    sharing.take_address(None, config)
    assert config.html_baseurl == "https://a.org/book/"


@pytest.mark.parametrize("address", ["a.org/book", "file:///book", "https://a.org/?q"])
def test_an_address_that_is_none_is_refused(monkeypatch, address):
    monkeypatch.setenv(sharing.ADDRESS, address)
    with pytest.raises(ValueError, match="BOOK_ADDRESS must be an http address, got"):
        sharing.take_address(None, SimpleNamespace(html_baseurl=""))


def test_links_of_a_lost_page_start_at_the_root():
    page = '<html data-content_root="./"><a href="a/b.html#c"><a href="#top"><a href="https://x">'
    assert sharing.rooted(page + '<img src="/d">', "/book/") == (
        '<html data-content_root="/book/"><a href="/book/a/b.html#c"><a href="#top">'
        '<a href="https://x"><img src="/d">'
    )


def test_the_picture_for_messages_has_the_size_they_want():
    image = social.draw("Regularization on Trial")
    assert image.size == (1200, 630)
    assert image.getpixel((5, 5)) == (252, 251, 248)
    shades = {color for _, color in image.getcolors(1 << 20)}
    assert {(29, 53, 87), (193, 68, 46)} <= shades  # both inks of the mark


def test_scripts_wait_but_those_that_the_head_speaks_to():
    names = ["_static/doctools.js", "_static/documentation_options.js"]
    there = [scripts._JavaScript(name, priority=200) for name in names]
    line = scripts._JavaScript("", body="let a = 1")
    context = {"script_files": [*there, line]}
    scripts.wait(None, "book/index", "", context, None)
    made = context["script_files"]
    assert [script.attributes.get("defer") for script in made] == ["defer", None, None]
    assert (made[0].filename, made[0].priority, made[2]) == (names[0], 200, line)
    context = {"script_files": there}
    scripts.wait(None, "search", "", context, None)
    assert context["script_files"] is there


def test_the_theme_sets_no_tab_stops_and_is_left_alone_a_second_time(tmp_path, caplog):
    app = SimpleNamespace(builder=SimpleNamespace(format="html"), outdir=tmp_path)
    path = tmp_path / "_static" / scripts.THEME
    path.parent.mkdir(parents=True)
    path.write_text('a(),"complete"===document.readyState?I():window.addEventListener("load",I)')
    for _ in range(2):
        scripts.drop_stops(app, None)
        assert path.read_text() == f"a()\n{scripts.DONE}\n"
    path.write_text("another release")
    with caplog.at_level("WARNING"):
        scripts.drop_stops(app, None)
    assert "not where they were" in caplog.text

"""The book as one PDF and as an EPUB: nothing is lost on the way to paper."""

import base64
import io
import re
import shutil
import subprocess
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest
from bs4 import BeautifulSoup
from PIL import Image
from pypdf import PdfReader

from trial.page import style
from trial.press import binding, epub, paper

HEAD = '<link rel="stylesheet" href="../_static/a.css?v=1"><link rel="stylesheet" href="b.css">'
FIRST = """<article class="bd-article"><section id="why"><h1>Why?<a class="headerlink">#</a></h1>
<p id="why">The <a href="two.html#end">end</a>, <a href="#why">here</a>,
<a href="x.ipynb">a file</a>, <a href="https://example.org/#x">far away</a>.</p>
<img src="../_images/i.svg" loading="lazy" alt="I">
<details class="hide"><summary>Show code</summary><pre>code</pre></details>
<details><summary>All answers</summary><p>Four.</p></details><noscript>No.</noscript>
<form class="trial-quiz"><fieldset><legend>Which?</legend>
<label for="why"><input type="radio" data-words="Right."> a</label></fieldset></form>
<div class="math-scroll"><span class="katex"><math><mi>x</mi></math>
<span class="katex-html">x</span></span></div></section></article>"""
SECOND = """<article class="bd-article"><section id="end"><h1>The end?</h1>
<p>Later.</p></section></article>"""
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><path d="M0 0H9"/></svg>'
PARTS = [("", ["book/one"]), ("Part", ["book/two"])]
TITLES = {"book/one": "Why?", "book/two": "The end?"}


@pytest.fixture
def html(tmp_path, monkeypatch):
    """Two built pages of a small book."""
    for module in (paper, epub):
        monkeypatch.setattr(module, "documents", lambda: PARTS)
    for folder in ("book", "_images", "_static"):
        (tmp_path / folder).mkdir()
    (tmp_path / "_images" / "i.svg").write_text(SVG)
    shutil.copy(binding.ROOT / "book/theme/css/9-print.css", tmp_path / "_static" / "a.css")
    for name, body in (("one", FIRST), ("two", SECOND)):
        (tmp_path / "book" / f"{name}.html").write_text(f"<html>{HEAD}{body}</html>")
    return tmp_path


@pytest.fixture
def first(html):
    return binding.article(html, "book/one", set(TITLES))


def test_ids_and_links_are_those_of_one_document(first):
    text, _ = first
    assert [a.get("href") for a in text.find_all("a")] == [
        "#book-two--end",
        "#book-one--why",
        None,  # a download means nothing on paper
        "https://example.org/#x",
    ]
    assert text["id"] == "book-one"
    assert len(text.find_all(id="book-one--why")) == 1
    assert text.find("label")["for"] == "book-one--why"


def test_what_only_a_screen_can_use_is_left_out_and_the_rest_is_open(first):
    text, sheets = first
    words = text.get_text()
    assert "code" not in words and "No." not in words and "#" not in words
    assert "Four." in words and text.find("details").has_attr("open")
    image = text.find("img")
    assert image["src"] == "_images/i.svg" and not image.get("loading")
    assert sheets == ["_static/a.css", "book/b.css"]


def test_the_whole_book_has_every_page_once_and_its_contents(html):
    soup = BeautifulSoup(paper.whole(html, {"book-two": 7}), "html.parser")
    assert [a["id"] for a in soup.find_all("article")] == ["book-one", "book-two"]
    lines = soup.select(".paper-line")
    assert [line.get_text() for line in lines] == ["Why?", "The end?7"]
    assert [line.find("a")["href"] for line in lines] == ["#book-one", "#book-two"]
    assert soup.find(class_="paper-part").get_text() == "Part"


def outline(entries):
    for entry in entries:
        if isinstance(entry, list):
            yield from outline(entry)
        else:
            yield entry.title


def test_chromium_prints_tags_an_outline_and_page_numbers(html):
    if not any(map(shutil.which, paper.BROWSERS)):
        pytest.skip("no Chromium found")
    count = paper.print_book(html, html / "book.pdf")
    reader = PdfReader(html / "book.pdf")
    assert count == len(reader.pages) >= 3
    assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert [t for t in outline(reader.outline) if t != "Contents"] == list(TITLES.values())
    pages = [page.extract_text() for page in reader.pages]
    number = int(re.search(r"The end\?\s*(\d+)", pages[1])[1])
    assert pages[number - 1].split() == [str(number), "The", "end?", "Later."]


def test_without_a_browser_the_command_says_what_it_needs(html, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(SystemExit, match="needs one of chromium"):
        paper.print_book(html, html / "book.pdf")


def test_the_epub_has_its_type_first_and_every_file_is_listed(html):
    assert epub.pack(html, html / "book.epub") == 2
    with zipfile.ZipFile(html / "book.epub") as book:
        first = book.infolist()[0]
        assert (first.filename, first.compress_type) == ("mimetype", zipfile.ZIP_STORED)
        listed = set(re.findall(r'href="([^"]+)"', book.read("book.opf").decode()))
        assert listed == set(book.namelist()) - {"mimetype", "META-INF/container.xml", "book.opf"}
        for name in book.namelist():
            if name.endswith((".xhtml", ".opf", ".xml", ".svg")):
                ElementTree.fromstring(book.read(name))
        page = book.read("book-one.xhtml").decode()
    assert 'href="book-two.xhtml#book-two--end"' in page and "katex-html" not in page
    assert "<math" in page and "<input" not in page and "data-words" not in page


def test_a_picture_that_e_readers_do_not_know_is_packed_in_a_format_they_do(tmp_path):
    Image.new("RGB", (3, 2), "red").save(tmp_path / "a.webp", lossless=True)
    page = BeautifulSoup('<p><img src="i/a.webp"><img src="i/b.svg"></p>', "html.parser")
    assert epub.localize(page) == {"i/a.png": "i/a.webp", "i/b.svg": "i/b.svg"}
    assert [image["src"] for image in page.find_all("img")] == ["i/a.png", "i/b.svg"]
    with Image.open(io.BytesIO(epub.content(tmp_path / "a.webp", "i/a.png"))) as picture:
        assert (picture.format, picture.size) == ("PNG", (3, 2))
        assert picture.getpixel((0, 0)) == (255, 0, 0)


def test_figures_for_paper_are_lines(monkeypatch):
    shown = []
    monkeypatch.setattr(style, "display", lambda data, **_: shown.append(data["text/html"]))
    monkeypatch.setenv(style.PAPER, "1")
    figure = style.new_figure((3, 2))
    figure.subplots().plot([0, 1])
    style.show(figure, alt="A straight line that rises from the lower left to the upper right.")
    assert "data:image/svg+xml;base64," in shown[0] and 'width="300"' in shown[0]


def test_a_picture_of_lines_is_valid_in_an_e_reader():
    figure = style.new_figure((3, 2))
    figure.subplots().fill_between([0, 1], [0, 0], [0, 0])
    lines = base64.b64decode(style.lines_uri(figure).partition(",")[2])
    assert b"<!DOCTYPE" not in lines
    assert not re.search(rb"<path (?![^>]*\bd=)", lines)


@pytest.mark.slow
def test_the_whole_book_is_printed_and_packed(tmp_path):
    if not any(map(shutil.which, paper.BROWSERS)):
        pytest.skip("no Chromium found")
    html = binding.build_pages()
    out = tmp_path / "book.pdf"
    assert paper.print_book(html, out) > 200
    pdf = out.read_bytes()
    reader = PdfReader(io.BytesIO(pdf))
    names = [name for _, part in binding.documents() for name in part]
    titles = [
        BeautifulSoup((html / f"{name}.html").read_text("utf-8"), "html.parser")
        .find("h1")
        .contents[0]
        for name in names
    ]
    found = list(outline(reader.outline))
    assert [title for title in found if title in titles] == titles
    assert not [title for title in found if title == title[: len(title) // 2] * 2]
    starts = paper.starts(pdf)
    assert sorted(starts[binding.slug(name)] for name in names) == [
        starts[binding.slug(name)] for name in names
    ]
    assert epub.pack(html, tmp_path / "book.epub") == len(names)
    if (checker := shutil.which("epubcheck")) is None:
        pytest.skip("no epubcheck found")
    # Debian installs the Java archive itself under this name.
    command = ["java", "-jar", checker, str(tmp_path / "book.epub")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[:2000]


def test_the_date_of_release_is_the_one_to_cite():
    assert epub.RELEASED in (Path(binding.ROOT) / "CITATION.cff").read_text("utf-8")

"""What can be said of the built pages without a browser."""

import itertools
import json
import re
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urldefrag

import pytest
from bs4 import BeautifulSoup

from trial.page.claims import LABELS, ledger

from .conftest import HTML

PAGES = sorted(str(path.relative_to(HTML)) for path in HTML.rglob("*.html"))
PAGES = [name for name in PAGES if "_static" not in Path(name).parts]
every_page = pytest.mark.parametrize("name", [name for name in PAGES if name != "index.html"])
SETTLED = [e for e in ledger().values() if e.settled_in]
# Scripts that a page must never need: formulas are ready, sliders are native.
FORBIDDEN = re.compile(r"mathjax|require(\.min)?\.js|html-manager|widget|thebe|embed-amd", re.I)


@cache
def soup(name):
    return BeautifulSoup((HTML / name).read_text(encoding="utf-8"), "html.parser")


@cache
def anchors(name):
    """What a link can point to on a page."""
    return {tag.get("id") or tag["name"] for tag in soup(name).select("[id], a[name]")}


def test_the_expected_pages_are_there():
    expected = (
        "index verdicts sheet notation coming_from glossary proofs errata api bibliography".split()
    )
    assert {f"book/{name}.html" for name in expected} <= set(PAGES)
    notebooks = Path(__file__).parents[2] / "notebooks"
    assert {f"notebooks/{path.stem}.html" for path in notebooks.glob("*.ipynb")} <= set(PAGES)


def test_the_sheet_is_there_as_plain_text_with_every_page():
    text = (HTML / "llms.txt").read_text(encoding="utf-8")
    assert text.startswith("# The sheet: training has diverged") and "](" not in text
    assert len(re.findall(r"^\| ", text, re.M)) == 11  # ten numbers and their heading
    for name in PAGES:
        if name.startswith("notebooks/"):
            assert f"- {name}: " in text


def test_the_root_leads_to_the_landing_page():
    assert "book/index.html" in soup("index.html").find("meta")["content"]


def figures(name):
    """What the interactive figures of a page show: frames, sentences, values."""
    found = soup(name).select("figure.trial-explore script[type='application/json']")
    return [json.loads(data.string) for data in found]


def loaded(name):
    """The address of every file that a page loads, at once or when one of its sliders is moved."""
    for tag in soup(name).find_all(
        ["img", "script", "link", "iframe", "source", "video", "object"]
    ):
        if not (tag.name == "link" and "canonical" in tag.get("rel", [])):
            yield from (tag[key] for key in ("src", "href", "srcset", "data") if tag.get(key))
    for figure in figures(name):
        yield from figure["frames"]


@every_page
def test_what_a_page_loads_lies_in_the_book_and_is_found_from_a_folder_too(name):
    for url in loaded(name):
        path = unquote(urldefrag(url)[0].split("?")[0])
        inside = not re.match(r"\w+:|/", url) and ((HTML / name).parent / path).exists()
        assert inside or url.startswith("data:image/"), url


@every_page
def test_no_page_needs_a_mathematics_or_widget_script(name):
    scripts = [tag.get("src", "") for tag in soup(name).find_all("script")]
    assert not [source for source in scripts if FORBIDDEN.search(source)]
    assert not soup(name).find("script", type="application/vnd.jupyter.widget-state+json")


@every_page
def test_every_picture_says_what_is_to_be_seen(name):
    article = soup(name).find("article") or soup(name).body
    for image in article.find_all("img"):
        assert len(image.get("alt", "")) >= 40, image.get("src")
        assert image.get("width") and image.get("height"), image.get("src")


@every_page
def test_every_link_and_anchor_leads_somewhere(name):
    for tag in soup(name).find_all("a", href=True):
        url, anchor = urldefrag(tag["href"])
        if re.match(r"\w+:", url):
            continue
        target = (HTML / name).parent / unquote(url) if url else HTML / name
        target = (target / "index.html" if target.is_dir() else target).resolve()
        assert target.is_file(), tag["href"]
        if anchor and target.suffix == ".html":
            known = anchors(str(target.relative_to(HTML.resolve())))
            assert unquote(anchor) in known, tag["href"]


@every_page
def test_formulas_are_ready_and_readable_aloud(name):
    text = soup(name).find("article") or soup(name).body
    assert not text.find("span", class_="katex-error")
    for formula in text.find_all("span", class_="katex"):
        assert formula.find("math"), formula.get_text()[:60]
    prose = text.find_all(string=re.compile(r"\$\$|\\(frac|lam|norm|begin)\b"))
    assert not [n for n in prose if not n.find_parent(["annotation", "script", "pre", "code"])]


def test_the_chapter_has_its_mathematics():
    assert len(soup("notebooks/03_one_step.html").find_all("span", class_="katex")) > 50


@pytest.mark.parametrize("entry", SETTLED, ids=lambda e: e.id)
def test_a_settled_claim_has_its_box_where_the_verdicts_page_points(entry):
    row = soup("book/verdicts.html").find(id=f"ledger-{entry.id.lower()}")
    words = row.get_text().replace("’", "'")  # smart quotes
    links = [a["href"] for a in row.find_all("a", href=True)]
    for notebook in entry.settled_in:
        assert f"../notebooks/{notebook}.html#claim-{entry.id.lower()}" in links
        box = soup(f"notebooks/{notebook}.html").find(id=f"claim-{entry.id.lower()}")
        assert LABELS[entry.verdict] in box.get_text()
    assert LABELS[entry.verdict] in words and entry.reason in words


def test_the_landing_page_counts_what_the_ledger_holds():
    text = soup("book/index.html").get_text(" ", strip=True)
    claims = [e for e in ledger().values() if e.kind == "claim"]
    assert f"{len(claims)} claims, each settled by executed code" in text


def test_the_environment_of_the_book_is_printed():
    text = soup("book/api.html").get_text(" ")
    assert re.search(r"NumPy\s+2\.\d+", text, re.I) and re.search(r"Python\s+3\.\d+", text)


def test_exercises_and_theorems_have_the_numbers_that_their_labels_say():
    words = soup("notebooks/05_the_program.html").get_text(" ")
    assert "Exercise 5.2 (Centimeters)" in re.sub(r"\s+", " ", words)
    titles = [t.get_text() for t in soup("book/proofs.html").select(".theorem .admonition-title")]
    assert [re.match(r"Theorem (T\d+) ", title)[1] for title in titles] == [
        f"T{k}" for k in range(1, 20)
    ]


@every_page
def test_a_quiz_has_one_right_answer_and_words_for_each(name):
    for question in soup(name).select(".trial-quiz fieldset"):
        said = [choice["data-words"].split(". ")[0] for choice in question.select("input")]
        assert sorted(said) == ["No"] * (len(said) - 1) + ["Right"]


@every_page
def test_every_sentence_of_a_figure_names_the_place_of_its_first_slider(name):
    for figure in figures(name):
        places = itertools.product(*figure["values"])
        for (place, *_), sentence in zip(places, figure["sentences"], strict=True):
            named = str(int(float(place))) if "e+" in place else place
            assert named in sentence, (place, sentence)

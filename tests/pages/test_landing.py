"""The first page, the way from chapter to chapter, and the page for a wrong address."""

import re
from pathlib import Path

import pytest
import yaml

from trial.press.serving import Quiet, served

from . import visit
from .conftest import HTML
from .test_files import PAGES, soup

ROOT = Path(__file__).parents[2]
from trial.sphinx.chapters import Chapter  # noqa: E402
from trial.sphinx.sharing import rooted  # noqa: E402

FIRST = "book/index.html"
TOC = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))["parts"]
ORDER = [page["file"] for part in TOC for page in part["chapters"]]
CHAPTERS = [name for name in PAGES if name.startswith("notebooks/")]
WRITTEN = [name for name in PAGES if name not in ("index.html", "search.html")]


def words(tag):
    return " ".join(tag.get_text().replace("’", "'").split())


def test_every_chapter_has_a_card_under_the_caption_of_its_part():
    page = soup(FIRST)
    cards = page.find_all(class_="chapter-card")
    links = [card.find("a")["href"] for card in cards]
    parts = [words(part) for part in page.find_all(class_="chapter-part")]
    assert parts == [part["caption"] for part in TOC]
    assert len(set(links)) == len(links)
    assert {f"../{name}" for name in CHAPTERS} | {"verdicts.html"} <= set(links)
    for card in cards:
        if "/notebooks/" not in (link := card.find("a")["href"]):
            continue
        chapter = Chapter(ROOT / link.removeprefix("../").replace(".html", ".ipynb"))
        facts = words(card.find(class_="chapter-facts"))
        assert words(card.find("a")) == chapter.title
        assert f"{chapter.minutes} minutes" in facts and ("settles" in facts) == bool(
            chapter.settles
        )


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_chapter_tells_its_time_and_gives_its_notebook_away(name):
    page = soup(name)
    assert re.match(r"About \d+ minutes to read\.", words(page.find(class_="chapter-line")))
    link = page.find(class_="chapter-end").find("a", download=True)
    file = (HTML / name).parent / link["href"]
    source = ROOT / name.replace(".html", ".ipynb")
    assert file.read_bytes() == source.read_bytes()


@pytest.mark.parametrize("at", range(len(ORDER) - 1))
def test_the_way_on_names_the_next_question(at):
    page, follower = soup(f"{ORDER[at]}.html"), soup(f"{ORDER[at + 1]}.html")
    link = page.find("a", class_="right-next")
    title = words(follower.find("h1")).rstrip("#")
    kind = "question" if title.endswith("?") else "page"
    assert words(link) == f"Next {kind} {title}"


@pytest.mark.parametrize("name", WRITTEN)
def test_a_page_says_what_it_is_about(name):
    head = soup(name).head
    content = {
        tag.get("name") or tag.get("property"): tag["content"]
        for tag in head("meta")
        if tag.get("content")
    }
    assert 20 <= len(content["description"]) <= 200
    assert content["og:description"] == content["description"] and content["og:title"]
    assert content["twitter:card"]
    assert not re.search(r"[$`\\<]", content["description"])


@pytest.mark.parametrize("name", CHAPTERS)
def test_no_two_chapters_are_described_alike(name):
    found = {soup(page).find("meta", attrs={"name": "description"})["content"] for page in CHAPTERS}
    assert len(found) == len(CHAPTERS)
    assert soup(name).find("meta", attrs={"name": "robots"}) is None


@pytest.mark.browser
def test_the_first_page_answers_to_a_drag_and_a_key(look, book):
    page = look(book + FIRST, book)
    figure = page.locator(".trial-hero figure")
    sentence = figure.locator(".trial-sentence")
    assert "L2 in the loss: explodes" in sentence.inner_text()
    figure.locator("input").first.focus()
    page.keyboard.press("Home")
    assert "All three runs do the same: each converges" in sentence.inner_text()
    box = figure.locator("input").nth(1).bounding_box()
    page.mouse.click(box["x"] + box["width"] - 3, box["y"] + box["height"] / 2)
    assert "All three runs do the same: each explodes" in sentence.inner_text()
    assert figure.locator("input").nth(1).get_attribute("aria-valuetext") == "1"
    assert page.faults == []


@pytest.mark.browser
def test_the_first_page_loads_one_picture_until_it_is_touched(look, book):
    page = look("about:blank", book)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(book + FIRST)
    visit.weight(page)
    assert len([url for url in asked if url.endswith(".webp")]) == 1
    page.locator(".trial-hero figure").hover()
    visit.weight(page)
    assert len([url for url in asked if url.endswith(".webp")]) > 20


@pytest.mark.browser
@pytest.mark.parametrize("depth", ["gone", "a/b/c/gone.html"])
def test_a_wrong_address_leads_back_from_any_depth(look, depth):
    lost = rooted((HTML / "404.html").read_text(encoding="utf-8"), "/").encode()

    class Host(Quiet):
        """Answers a wrong address as a host of pages does."""

        def send_error(self, code, *_):
            self.send_response(code)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(lost)))  # or it is waited for
            self.end_headers()
            self.wfile.write(lost)

    with served(HTML, Host) as host:
        page = look(host + depth, host)
        assert "There is no page here" in page.inner_text("article h1")
        assert "The shortest honest answer" in page.inner_text("article")
        assert [
            f
            for f in page.faults
            if not f.startswith("404 " + host + depth) and "status of 404" not in f
        ] == []
        page.locator("article a", has_text="the first page").click()
        assert page.url == host + FIRST
        page.go_back()
        page.locator(".lost-search input").fill("ridge")
        page.locator(".lost-search button").click()
        assert page.url == host + "search.html?q=ridge"

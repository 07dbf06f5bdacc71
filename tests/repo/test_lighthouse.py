"""Lighthouse's table: what is made of its reports, without a browser and without Lighthouse."""

import pytest

from benchmarks import lighthouse, table


def report(performance, seo=1.0):
    """A report as Lighthouse writes it, as far as it is read here."""
    values = dict.fromkeys(lighthouse.METRICS.values(), {"numericValue": 1000 * performance})
    sizes = {"a.html": 1400, "_static/b.css": 600}
    items = [{"url": name, "transferSize": size} for name, size in sizes.items()]
    requests = {"details": {"items": [*items, {"url": "data:,"}]}}
    scores = dict.fromkeys(lighthouse.CATEGORIES, {"score": 1.0})
    return {
        "categories": scores | {"performance": {"score": performance}, "seo": {"score": seo}},
        "audits": values | {"network-requests": requests},
        "environment": {"benchmarkIndex": 1500.5},
    }


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Results, reports and a book of two pages in a folder of the test."""
    for name, value in {"RESULTS": "l.csv", "INSTALLED": "lighthouse", "HTML": "html"}.items():
        monkeypatch.setattr(lighthouse, name, tmp_path / value)
    for name in ("index.html", "a.html", "book/b.html", "_static/macros.html"):
        (tmp_path / "html" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "html" / name).write_text("", encoding="utf-8")
    return tmp_path


def test_a_row_is_the_run_with_the_median_score_and_the_range_of_all(place):
    scores = iter((0.90, 0.97, 0.85, 0.99, 0.96))
    row = lighthouse.measured(lambda *_: report(next(scores)), "book/b.html", "mobile")
    assert list(row) == lighthouse.COLUMNS
    performance = [row[f"performance{end}"] for end in ("", "_low", "_high")]
    assert performance == ["96", "85", "99"]
    assert row["total_blocking_time"] == "960"  # of the same run, not a median of its own
    assert (row["kB"], row["requests"], row["machine"]) == ("2", "2", "1500")
    assert (place / "lighthouse" / "reports" / "book.b.mobile.json").is_file()


def test_a_fresh_row_takes_the_place_of_the_old_one_and_a_page_that_is_gone_leaves(place):
    assert lighthouse.pages() == ["a.html", "book/b.html"]
    for page, score in (("gone.html", 0.9), ("a.html", 0.8), ("a.html", 0.9)):
        row = lighthouse.row(page, "mobile", [report(score)])
        lighthouse.keep(row, [page, "a.html"])
    assert [row["performance"] for row in table.read(lighthouse.RESULTS)] == ["90"]


def test_missed_goals_are_told():
    rows = [
        lighthouse.row("a", "mobile", [report(0.95)]),
        lighthouse.row("b", "mobile", [report(0.94, seo=0.6)]),
        lighthouse.row("c", "desktop", [report(0.99)]),
    ]
    assert lighthouse.missed(rows) == [
        "b | mobile | performance 94 of 95",
        "b | mobile | seo 60 of 100",
        "c | desktop | performance 99 of 100",
    ]

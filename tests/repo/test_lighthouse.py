"""Lighthouse's table: what is made of its reports, without a browser and without Lighthouse."""

import json
import re
import shutil
from pathlib import Path

import pytest

from benchmarks import harness, lighthouse, scores, table

ROOT = Path(__file__).parents[2]
HOST = "http://127.0.0.1:1/"
WEIGHTS = dict(zip(scores.METRICS.values(), (10, 25, 10, 30, 25), strict=True))


def request(name, size):
    return {"url": f"{HOST}{name}", "transferSize": size, "totalBytes": size}


def report(performance, *, accessibility=1, blocking=1.0, asks=()):
    """A report as Lighthouse writes it, as far as it is read here."""
    audits = {
        name: {
            "title": name.title(),
            "score": 1,
            "numericValue": 1234.4,
            "displayValue": "1.2\xa0s",
        }
        for name in WEIGHTS
    }
    audits["cumulative-layout-shift"]["numericValue"] = 0.0004
    audits["total-blocking-time"] |= {"score": blocking, "numericValue": 1000 * performance}
    items = [request("a.html", 1400), request("_static/b.css", 600), {"url": "data:,"}, *asks]
    audits["network-requests"] = {"details": {"items": items}}
    work = [{"groupLabel": "Style & Layout", "duration": 310.4}]
    audits["mainthread-work-breakdown"] = {"details": {"items": work}}
    waits = [request("_static/stock.css?v=1", 72265)]
    audits["render-blocking-resources"] = {"details": {"items": waits}}
    place = {"details": {"items": [{"node": {"selector": "main > img"}}]}}
    audits |= {"image-alt": {"score": accessibility} | place, "is-crawlable": {"score": None}}
    refs = {name: [] for name in scores.CATEGORIES}
    refs["performance"] = [{"id": name, "weight": weight} for name, weight in WEIGHTS.items()]
    refs["accessibility"] = [{"id": "image-alt", "weight": 10}]
    refs["seo"] = [{"id": "is-crawlable", "weight": 1}]
    given = {"performance": performance, "accessibility": accessibility}
    return {
        "categories": {
            name: {"score": given.get(name, 1), "auditRefs": refs[name]} for name in refs
        },
        "audits": audits,
        "environment": {"benchmarkIndex": 1500.5},
    }


def test_a_row_is_the_run_with_the_median_score_and_the_range_of_all():
    again = [report(p / 100) for p in (97, 85, 99, 96)]
    row = scores.row("a.html", "mobile", report(0.90), again)
    assert list(row) == scores.COLUMNS
    assert (row["performance"], row["performance_low"], row["performance_high"]) == (
        "96",
        "85",
        "99",
    )
    assert row["total_blocking_time"] == "960"  # of the same run, not a median of its own
    assert (row["kB"], row["requests"], row["runs"]) == ("2", "2", "5")
    assert (row["layout_shift"], row["machine"], row["faults"]) == ("0.000", "1500", "")


def test_the_words_name_the_measure_that_costs_most_and_what_is_behind_it():
    words = scores.costs(report(0.8, blocking=0.4), report(0.8))
    assert words == (
        "total-blocking-time 1.2 s (-18); most work: style & layout 310 ms; "
        "waits for stock.css 72 kB"
    )
    assert scores.costs(report(1), report(1)) == ""


def test_a_fault_names_its_audit_and_its_place():
    row = scores.row("a.html", "desktop", report(1, accessibility=0.9), [report(1), report(1)])
    assert row["accessibility"] == "90"
    assert row["faults"] == "accessibility: image-alt: main > img"


def planted(page, form, **changes):
    row = dict.fromkeys(scores.COLUMNS, "") | dict.fromkeys(scores.CATEGORIES, "100")
    return row | {"page": page, "form": form} | changes


def test_missed_goals_are_told_by_how_much_the_farthest_first():
    rows = [
        planted("a", "mobile", performance="95"),
        planted("b", "mobile", performance="94", costs="slow"),
        planted("c", "desktop", performance="97", costs="slower"),
        planted("d", "mobile", seo="99", faults="seo: title"),
    ]
    assert scores.missed(rows) == [
        "c | desktop | performance 97 | 3 | slower",
        "b | mobile | performance 94 | 1 | slow",
        "d | mobile | seo 99 | 1 | seo: title",
    ]
    assert scores.summary(rows) == (
        "13 of 16 goals reached; mobile performance 94 to 100, median 95; "
        "desktop performance 97 to 97, median 97"
    )


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Results, reports and a book of two pages in a folder of the test."""
    for name, value in {"RESULTS": "l.csv", "INSTALLED": "lighthouse", "HTML": "html"}.items():
        monkeypatch.setattr(lighthouse, name, tmp_path / value)
    for name in ("index.html", "a.html", "book/b.html", "_static/macros.html"):
        (tmp_path / "html" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "html" / name).write_text("", encoding="utf-8")
    return tmp_path


def test_the_page_that_only_leads_on_is_not_measured(place):
    assert lighthouse.pages() == ["a.html", "book/b.html"]


def test_a_page_is_loaded_as_often_as_it_is_said_and_its_report_kept(place):
    asked = []

    def run(page, form, flags):
        asked.append((form, bool(flags)))
        return report(0.9)

    rows = [lighthouse.measured(run, "book/b.html", form, lambda: None) for form in lighthouse.RUNS]
    assert (
        asked
        == [("mobile", False)]
        + [("mobile", True)] * 4
        + [("desktop", False)]
        + [("desktop", True)] * 2
    )
    assert [row["runs"] for row in rows] == ["5", "3"]
    kept = place / "lighthouse" / "reports" / "book.b.mobile.json"
    assert json.loads(kept.read_text(encoding="utf-8")) == report(0.9)


def test_a_stopped_run_keeps_what_it_has_and_a_page_that_fails_is_told(place, capsys):
    def run(page, form, flags):
        if page == "a.html":
            raise lighthouse.PageError("no paint")
        if form == "desktop":
            raise KeyboardInterrupt
        return report(0.9)

    known = lighthouse.pages()
    table.write([planted("gone.html", "mobile")], lighthouse.RESULTS, scores.COLUMNS)
    with pytest.raises(KeyboardInterrupt):
        lighthouse.every(
            run, known, lighthouse.measured, 8, lambda row: lighthouse.keep(row, known)
        )
    (row,) = table.read(lighthouse.RESULTS)
    assert (row["page"], row["form"], row["performance"]) == ("book/b.html", "mobile", "90")
    assert "a.html, mobile was not measured: no paint" in capsys.readouterr().err


def test_a_fresh_row_takes_the_place_of_the_old_one(place):
    for performance in ("80", "90"):
        lighthouse.keep(planted("a.html", "mobile", performance=performance), ["a.html"])
    assert [row["performance"] for row in table.read(lighthouse.RESULTS)] == ["90"]


def test_a_page_that_asks_for_something_elsewhere_is_not_measured():
    assert lighthouse.checked(report(1), HOST) == report(1)
    away = {"url": "https://example.org/a.js", "transferSize": 1}
    with pytest.raises(lighthouse.PageError, match=r"asks https://example.org/a.js"):
        lighthouse.checked(report(1, asks=[away]), HOST)


def test_what_is_missing_is_told_in_words(place, monkeypatch):
    have = {"node": "/bin/node"}
    monkeypatch.setattr(shutil, "which", have.get)
    with pytest.raises(SystemExit, match=r"needs chromium or .*apt-get install chromium"):
        lighthouse.tools()
    have["chromium"] = "/bin/chromium"
    with pytest.raises(SystemExit, match="make lighthouse installs it"):
        lighthouse.tools()
    (place / "lighthouse" / "node_modules" / "lighthouse").mkdir(parents=True)
    assert lighthouse.tools() == ("/bin/node", "/bin/chromium")
    (place / "html" / "index.html").unlink()
    with pytest.raises(SystemExit, match=r"There is no book in .*make book"):
        lighthouse.tools()
    del have["node"]
    with pytest.raises(SystemExit, match=r"needs node.*apt-get install nodejs npm"):
        lighthouse.tools()


def test_the_command_refuses_a_busy_machine_and_pages_that_are_not_there(
    place, monkeypatch, capsys
):
    monkeypatch.delenv("BENCH_ANYWAY", raising=False)
    monkeypatch.setattr(lighthouse, "tools", lambda: ("true", "true"))
    monkeypatch.setattr(harness, "PATIENCE", 0)
    monkeypatch.setattr(harness.os, "getloadavg", lambda: (3.0, 0, 0))
    (place / "lighthouse").mkdir()
    assert lighthouse.main([]) == 2
    assert "BENCH_ANYWAY=1" in capsys.readouterr().err
    with pytest.raises(SystemExit, match=r"There is no page no\.html"):
        lighthouse.main(["no.html"])


def test_the_missed_goals_of_the_table_are_printed_without_measuring(place, capsys):
    with pytest.raises(SystemExit, match="Nothing was measured yet: make lighthouse"):
        lighthouse.main(["--missed"])
    rows = [planted("b", "mobile", performance="94", costs="slow")]
    table.write(rows, lighthouse.RESULTS, scores.COLUMNS)
    assert lighthouse.main(["--missed"]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[:2] == [scores.HEAD, "b | mobile | performance 94 | 1 | slow"]
    assert printed[-1].startswith("3 of 4 goals reached")


def test_every_version_is_exact_and_no_registry_is_named():
    text = (ROOT / "benchmarks" / "package.json").read_text(encoding="utf-8")
    for version in json.loads(text)["dependencies"].values():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version)
    assert "//" not in text

"""Lighthouse's reports as rows of lighthouse.csv, and which page misses which goal, in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from benchmarks.table import Row

Report = dict[str, Any]
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
METRICS = {
    "first_contentful_paint": "first-contentful-paint",
    "largest_contentful_paint": "largest-contentful-paint",
    "speed_index": "speed-index",
    "total_blocking_time": "total-blocking-time",
    "layout_shift": "cumulative-layout-shift",
}
"""What performance is made of, by column. Times in ms, those of the run with the median score."""
COLUMNS = [
    *("page", "form", "performance", "performance_low", "performance_high", *CATEGORIES[1:]),
    *(*METRICS, "kB", "requests", "runs", "machine", "date", "costs", "faults"),
]
"""Of lighthouse.csv; `machine` is what Lighthouse's own measure of the processor's speed gave."""
HEAD = "page | form | score | missed by | what costs most"


def goal(form: str, category: str) -> int:
    """The score to be reached."""
    return 95 if (form, category) == ("mobile", "performance") else 100


def score(report: Report, category: str) -> int:
    """A category's score, from 0 to 100."""
    return round(100 * report["categories"][category]["score"])


def loaded(report: Report) -> list[Report]:
    """The requests of a page; what stands in the page itself is none."""
    items = _items(report, "network-requests")
    return [item for item in items if not item["url"].startswith("data:")]


def row(page: str, form: str, whole: Report, again: Sequence[Report]) -> Row:
    """The row of a page: `whole` has every category, it and `again` have performance."""
    runs = sorted([whole, *again], key=lambda report: score(report, "performance"))
    middle = runs[len(runs) // 2]
    found = {"page": page, "form": form, "performance": score(middle, "performance")}
    found["performance_low"] = score(runs[0], "performance")
    found["performance_high"] = score(runs[-1], "performance")
    found |= {category: score(whole, category) for category in CATEGORIES[1:]}
    for column, audit in METRICS.items():
        value = middle["audits"][audit]["numericValue"]
        found[column] = f"{value:.3f}" if column == "layout_shift" else round(value)
    requests = loaded(middle)
    found["kB"] = round(sum(item["transferSize"] for item in requests) / 1000)
    found |= {"requests": len(requests), "runs": len(runs), "date": date.today().isoformat()}
    found["machine"] = round(middle["environment"]["benchmarkIndex"])
    found |= {"costs": costs(middle, whole), "faults": faults(whole)}
    return {column: str(found[column]) for column in COLUMNS}


def costs(middle: Report, whole: Report) -> str:
    """Which measures take most of the missing points, and what Lighthouse sees behind them."""
    refs = {ref["id"]: ref["weight"] for ref in middle["categories"]["performance"]["auditRefs"]}
    lost = {name: refs[name] * (1 - middle["audits"][name]["score"]) for name in METRICS.values()}
    named = [name for name in sorted(lost, key=lost.__getitem__, reverse=True) if lost[name] >= 0.5]
    words = [f"{_said(middle['audits'][name])} (-{lost[name]:.0f})" for name in named[:2]]
    if words and (work := _items(whole, "mainthread-work-breakdown")):
        words.append(f"most work: {work[0]['groupLabel'].lower()} {work[0]['duration']:.0f} ms")
    if words and (waits := _items(whole, "render-blocking-resources")):
        file = waits[0]["url"].split("?")[0].rsplit("/", 1)[-1]
        words.append(f"waits for {file} {waits[0]['totalBytes'] / 1000:.0f} kB")
    return "; ".join(words)


def _said(audit: Report) -> str:
    return f"{audit['title'].lower()} {audit['displayValue']}".replace("\xa0", " ")


def _items(report: Report, audit: str) -> list[Report]:
    return report["audits"].get(audit, {}).get("details", {}).get("items", [])


def faults(whole: Report) -> str:
    """Every audit of the other categories that costs points, with the first place it blames."""
    found = []
    for category in CATEGORIES[1:]:
        for ref in whole["categories"][category]["auditRefs"]:
            value = whole["audits"][ref["id"]]["score"]
            if ref["weight"] and value is not None and value < 1:
                blamed = [*_items(whole, ref["id"]), {}][0]
                place = blamed.get("node", {}).get("selector") or blamed.get("description", "")
                found.append(": ".join(filter(None, (category, ref["id"], place))))
    return "; ".join(found)


def missed(rows: Iterable[Row]) -> list[str]:
    """A line for each goal that a row misses, the farthest first; HEAD names its columns."""
    found = []
    for row in rows:
        for category in CATEGORIES:
            by = goal(row["form"], category) - int(row[category])
            if by > 0:
                why = row["costs" if category == "performance" else "faults"]
                line = (row["page"], row["form"], f"{category} {row[category]}", str(by), why)
                found.append((by, " | ".join(line)))
    return [line for _, line in sorted(found, key=lambda one: -one[0])]


def summary(rows: Sequence[Row]) -> str:
    """How many goals were reached, and the worst and the median score of either form."""
    words = []
    for form in ("mobile", "desktop"):
        if scores := sorted(int(row["performance"]) for row in rows if row["form"] == form):
            middle = scores[len(scores) // 2]
            words.append(f"{form} performance {scores[0]} to {scores[-1]}, median {middle}")
    goals = len(rows) * len(CATEGORIES)
    return f"{goals - len(missed(rows))} of {goals} goals reached; {'; '.join(words)}"

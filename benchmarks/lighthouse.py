"""`python -m benchmarks.lighthouse [pages]`: what Lighthouse says of every page of the built book.

Each page is loaded five times as a telephone would and three times as a desktop would, and its row
is kept in lighthouse.csv at once, so that a run which is stopped loses one page. What costs a page
points stands in the report of its first load, in _build/lighthouse/reports.

BOOK_HTML: another folder than _build/html. BENCH_ANYWAY=1: on a busy machine too.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from tqdm import tqdm

from benchmarks import harness, table
from trial.press.paper import BROWSERS
from trial.press.serving import served

ROOT = table.FOLDER.parent
HTML = Path(os.environ.get("BOOK_HTML", ROOT / "_build" / "html"))
INSTALLED = ROOT / "_build" / "lighthouse"
RESULTS, MACHINE = table.FOLDER / "lighthouse.csv", table.FOLDER / "lighthouse.json"
RUNS = {"mobile": 5, "desktop": 3}
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
    *(*METRICS, "kB", "requests", "machine", "date"),
]
"""Of lighthouse.csv; `machine` is what Lighthouse's own measure of the processor's speed gave."""
AGAIN = {"onlyAudits": [*METRICS.values(), "network-requests"]}
"""Flags of every load but the first: what depends on time is taken again, and no more."""
Report = dict[str, Any]
Run = Callable[[str, str, dict], Report]


class PageError(Exception):
    """A page was not measured."""


def tools() -> tuple[str, str]:
    """Node and Chromium, with Lighthouse installed and a book to look at; else SystemExit."""
    node, chromium = shutil.which("node"), next(filter(None, map(shutil.which, BROWSERS)), None)
    if not (node and chromium):
        raise SystemExit(
            "Lighthouse needs node and Chromium (apt-get install nodejs npm chromium)."
        )
    if not (INSTALLED / "node_modules" / "lighthouse").is_dir():
        raise SystemExit(f"Lighthouse is not in {INSTALLED}: make lighthouse installs it.")
    if not (HTML / "index.html").is_file():
        raise SystemExit(f"There is no book in {HTML}: make book.")
    return node, chromium


def pages() -> list[str]:
    """Every page of the book; the one that only leads to the first page is none."""
    paths = [path.relative_to(HTML) for path in HTML.rglob("*.html")]
    paths = [path for path in paths if "_static" not in path.parts]
    return sorted(str(path) for path in paths if str(path) != "index.html")


@contextmanager
def lighthouse(node: str, chromium: str, host: str) -> Iterator[Run]:
    """A function that loads one page in a new browser and returns Lighthouse's report."""
    command = [node, str(table.FOLDER / "lighthouse.mjs"), chromium]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=INSTALLED, stdin=pipe, stdout=pipe, text=True) as process:

        def run(page: str, form: str, flags: dict) -> Report:
            ask = json.dumps({"address": host + page, "form": form, "flags": flags})
            for _ in range(2):  # a browser that did not start is given a second chance
                print(ask, file=process.stdin, flush=True)
                report = json.loads(process.stdout.readline() or '{"failed": "Node has stopped"}')
                if "failed" not in report:
                    break
            else:
                raise PageError(report["failed"])
            if away := [item["url"] for item in loaded(report) if not item["url"].startswith(host)]:
                raise PageError(f"asks {away[0]}")
            return report

        yield run


def score(report: Report, category: str) -> int:
    """A category's score, from 0 to 100."""
    return round(100 * report["categories"][category]["score"])


def loaded(report: Report) -> list[Report]:
    """The requests of a page; what stands in the page itself is none."""
    items = report["audits"]["network-requests"]["details"]["items"]
    return [item for item in items if not item["url"].startswith("data:")]


def row(page: str, form: str, reports: Sequence[Report]) -> table.Row:
    """The row of a page: the first report has every category, the others have performance."""
    runs = sorted(reports, key=lambda report: score(report, "performance"))
    middle = runs[len(runs) // 2]
    found: dict[str, Any] = {"page": page, "form": form}
    for column, report in {"": middle, "_low": runs[0], "_high": runs[-1]}.items():
        found[f"performance{column}"] = score(report, "performance")
    found |= {category: score(reports[0], category) for category in CATEGORIES[1:]}
    for column, audit in METRICS.items():
        value = middle["audits"][audit]["numericValue"]
        found[column] = f"{value:.3f}" if column == "layout_shift" else round(value)
    requests = loaded(middle)
    found["kB"] = round(sum(item["transferSize"] for item in requests) / 1000)
    found |= {"requests": len(requests), "date": date.today().isoformat()}
    found["machine"] = round(middle["environment"]["benchmarkIndex"])
    return {column: str(found[column]) for column in COLUMNS}


def missed(rows: Sequence[table.Row]) -> list[str]:
    """A line for each goal that a row misses: 100, and 95 in performance as a telephone."""
    found = []
    for one, category in itertools.product(rows, CATEGORIES):
        goal = 95 if (one["form"], category) == ("mobile", "performance") else 100
        if int(one[category]) < goal:
            found.append(f"{one['page']} | {one['form']} | {category} {one[category]} of {goal}")
    return found


def measured(run: Run, page: str, form: str) -> table.Row:
    """The row of a page; the report of its first load is kept."""
    reports = [run(page, form, {})]
    folder = INSTALLED / "reports"
    folder.mkdir(parents=True, exist_ok=True)
    name = page.removesuffix(".html").replace("/", ".")
    (folder / f"{name}.{form}.json").write_text(json.dumps(reports[0]), encoding="utf-8")
    return row(page, form, reports + [run(page, form, AGAIN) for _ in range(RUNS[form] - 1)])


def keep(fresh: table.Row, known: Sequence[str]) -> None:
    """The row in the place of the one that RESULTS had; rows of pages that are gone are dropped."""
    old = table.read(RESULTS) if RESULTS.exists() else []
    rows = {(one["page"], one["form"]): one for one in [*old, fresh] if one["page"] in known}
    table.write([rows[key] for key in sorted(rows)], RESULTS, COLUMNS)


def facts(load: str, node: str, chromium: str) -> dict[str, str]:
    """What the scores depend on: date, machine, load, versions."""
    package = INSTALLED / "node_modules" / "lighthouse" / "package.json"
    found = {"date": date.today().isoformat(), "load": load, "processor": harness.processor()}
    found |= {"cores": str(os.cpu_count())}
    for name, program in {"Chromium": chromium, "Node": node}.items():
        shown = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
        found[name] = shown.stdout.strip().removeprefix("Chromium ").removeprefix("v")
    return found | {"Lighthouse": json.loads(package.read_text(encoding="utf-8"))["version"]}


def main(names: Sequence[str]) -> int:
    """Measure the named pages, or all; 1 where one could not be measured."""
    node, chromium = tools()
    known, failed = pages(), 0
    if unknown := set(names) - set(known):
        raise SystemExit(f"There is no page {', '.join(sorted(unknown))} in {HTML}.")
    found = facts(harness.check_load(), node, chromium)
    if not names:
        table.write_facts(found, MACHINE)
    with served(HTML) as host, lighthouse(node, chromium, host) as run:
        for page, form in tqdm([*itertools.product(names or known, RUNS)], disable=None):
            try:
                keep(measured(run, page, form), known)
            except (PageError, OSError) as error:
                failed = 1
                tqdm.write(f"{page}, {form} was not measured: {error}", sys.stderr)
    print(*missed(table.read(RESULTS)), sep="\n")
    return failed


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

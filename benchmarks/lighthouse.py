"""`python -m benchmarks.lighthouse [pages]`: what Lighthouse says of every page of the built book.

Each page is loaded five times as a telephone would and three times as a desktop would, and its row
is kept in lighthouse.csv at once, so that a run which is stopped loses one page. The report of the
first load goes to _build/lighthouse/reports.

--faults: one load of each page and form, on a busy machine too, and only what costs points in
accessibility, best practices and SEO, which do not depend on time; nothing is written.
--missed: which goals the committed table misses, by how much and why; nothing is measured.
BOOK_HTML: another folder than _build/html. BENCH_ANYWAY=1: on a busy machine too.
"""

from __future__ import annotations

import argparse
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

from benchmarks import harness, scores, table
from benchmarks.scores import Report
from trial.press.paper import BROWSERS
from trial.press.serving import served

ROOT = table.FOLDER.parent
HTML = Path(os.environ.get("BOOK_HTML", ROOT / "_build" / "html"))
INSTALLED = ROOT / "_build" / "lighthouse"
RESULTS, MACHINE = table.FOLDER / "lighthouse.csv", table.FOLDER / "lighthouse.json"
RUNS = {"mobile": 5, "desktop": 3}
AGAIN = {"onlyAudits": [*scores.METRICS.values(), "network-requests"]}
"""Flags of every load but the first: what depends on time is taken again, and no more."""
Run = Callable[[str, str, dict], Report]


class PageError(Exception):
    """A page was not measured."""


def tool(names: Sequence[str], package: str) -> str:
    """The path of the first program that is there; SystemExit says what to install."""
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        named = " or ".join(names)
        raise SystemExit(f"Lighthouse needs {named}; none was found (Debian: apt-get {package}).")
    return found


def tools() -> tuple[str, str]:
    """Node and Chromium, with Lighthouse installed and a book to look at; else SystemExit."""
    found = tool(["node"], "install nodejs npm"), tool(BROWSERS, "install chromium")
    if not (INSTALLED / "node_modules" / "lighthouse").is_dir():
        raise SystemExit(f"Lighthouse is not in {INSTALLED}: make lighthouse installs it.")
    if not (HTML / "index.html").is_file():
        raise SystemExit(f"There is no book in {HTML}: make book.")
    return found


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
                    return checked(report, host)
            raise PageError(report["failed"])

        yield run


def checked(report: Report, host: str) -> Report:
    """The report of a page that asked for nothing elsewhere; else PageError."""
    for item in scores.loaded(report):
        if not item["url"].startswith(host):
            raise PageError(f"asks {item['url']}")
    return report


def measured(run: Run, page: str, form: str, done: Callable[[], object]) -> table.Row:
    """The row of a page; `done` is called after each load."""
    whole = run(page, form, {})
    folder = INSTALLED / "reports"
    folder.mkdir(parents=True, exist_ok=True)
    name = page.removesuffix(".html").replace("/", ".")
    (folder / f"{name}.{form}.json").write_text(json.dumps(whole), encoding="utf-8")
    done()
    again = []
    while len(again) < RUNS[form] - 1:
        again.append(run(page, form, AGAIN))
        done()
    return scores.row(page, form, whole, again)


def blamed(run: Run, page: str, form: str, done: Callable[[], object]) -> str:
    """What costs points in the categories that do not depend on time; "" where nothing does."""
    found = scores.faults(run(page, form, {"onlyCategories": scores.CATEGORIES[1:]}))
    done()
    return f"{page} | {form} | {found}" if found else ""


def every(
    run: Run, names: Sequence[str], take: Callable[..., Any], loads: int, use: Callable[[Any], None]
) -> int:
    """What `take` makes of each page and form goes to `use`; 1 where a page was not measured."""
    failed = 0
    with tqdm(total=len(names) * loads, unit="load", disable=None) as bar:
        for page, form in itertools.product(names, RUNS):
            bar.set_description(f"{page}, {form}")
            try:
                use(take(run, page, form, bar.update))
            except (PageError, OSError) as error:
                failed = 1
                tqdm.write(f"{page}, {form} was not measured: {error}", sys.stderr)
    return failed


def keep(row: table.Row, known: Sequence[str]) -> None:
    """The row in the place of the one that RESULTS had; rows of pages that are gone are dropped."""
    old = table.read(RESULTS) if RESULTS.exists() else []
    rows = {(one["page"], one["form"]): one for one in [*old, row] if one["page"] in known}
    table.write([rows[key] for key in sorted(rows)], RESULTS, scores.COLUMNS)


def facts(load: str, node: str, chromium: str) -> dict[str, str]:
    """What the scores depend on: date, machine, load, versions."""
    package = INSTALLED / "node_modules" / "lighthouse" / "package.json"
    found = {"date": date.today().isoformat(), "load": load, "processor": harness.processor()}
    found |= {"cores": str(os.cpu_count())}
    for name, program in {"Chromium": chromium, "Node": node}.items():
        shown = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
        found[name] = shown.stdout.strip().removeprefix("Chromium ").removeprefix("v")
    return found | {"Lighthouse": json.loads(package.read_text(encoding="utf-8"))["version"]}


def tell_missed(rows: Sequence[table.Row]) -> None:
    """Every goal that is missed, and how many were reached."""
    print(scores.HEAD, *scores.missed(rows), "", scores.summary(rows), sep="\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure the named pages, or all; 1 where one could not be measured, 2 on a busy machine."""
    options = argparse.ArgumentParser(
        "python -m benchmarks.lighthouse",
        description=__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    options.add_argument("pages", nargs="*", help="such as notebooks/03_one_step.html")
    options.add_argument("--faults", action="store_true")
    options.add_argument("--missed", action="store_true")
    options = options.parse_args(arguments)
    if options.missed:
        if not RESULTS.exists():
            raise SystemExit("Nothing was measured yet: make lighthouse")
        tell_missed(table.read(RESULTS))
        return 0
    node, chromium = tools()
    known = pages()
    names = options.pages or known
    if unknown := set(names) - set(known):
        raise SystemExit(f"There is no page {', '.join(sorted(unknown))} in {HTML}.")
    with served(HTML) as host, lighthouse(node, chromium, host) as run:
        if options.faults:
            return every(run, names, blamed, len(RUNS), lambda found: found and tqdm.write(found))
        try:
            found = facts(harness.check_load(harness.PATIENCE), node, chromium)
        except harness.BusyError as error:
            print(error, file=sys.stderr)
            return 2
        print("; ".join(f"{name} {value}" for name, value in found.items()), flush=True)
        if not options.pages:
            table.write_facts(found, MACHINE)
        failed = every(run, names, measured, sum(RUNS.values()), lambda row: keep(row, known))
    tell_missed(table.read(RESULTS))
    return failed


if __name__ == "__main__":
    raise SystemExit(main())

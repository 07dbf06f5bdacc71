"""`python -m benchmarks`: the whole table, written to results.csv and machine.json.

--quick: one seed and the smaller data, in about two minutes, and nothing is written.
--compare: beside the committed table; nothing is written, and the exit code is 1 where rows differ.
BENCH_ANYWAY=1: on a busy machine too, by processor time.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence

from tqdm import tqdm

from benchmarks import harness, startup, table
from benchmarks.harness import BusyError, Case

SEEDS = range(3)


def collect(seeds: range, quick: bool) -> list[Callable[[], Iterator[Case]]]:
    """The parts of the table, imported when the threads are pinned."""
    from benchmarks import linear, nets

    return [lambda part=part: part.cases(seeds, quick) for part in (linear, nets)]


def measured(seeds: range, quick: bool) -> list[table.Row]:
    """Every row, with a bar that names what is being timed."""
    samples = startup.samples(5 if quick else 15)
    with tqdm(unit="case", disable=None) as bar:
        for part in collect(seeds, quick):
            try:
                for case in part():
                    bar.set_description(f"{case.work}, {case.data}")
                    samples.append(harness.measure(case))
                    bar.update()
            except ImportError as error:  # the data of a part are a rival's, and it is missing
                print(f"left out, because {error.name} is missing", file=sys.stderr)
    return [*harness.rows(samples)]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the facts and the table; 1 where a comparison finds rows that differ, 2 when busy."""
    options = argparse.ArgumentParser(
        "python -m benchmarks", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    options.add_argument("--quick", action="store_true")
    options.add_argument("--compare", action="store_true")
    options = options.parse_args(arguments)
    harness.pin()
    try:
        facts = harness.facts(harness.check_load(harness.PATIENCE))
    except BusyError as error:
        print(error, file=sys.stderr)
        return 2
    print("; ".join(f"{name} {value}" for name, value in facts.items()), flush=True)
    rows = measured(range(1) if options.quick else SEEDS, options.quick)
    print(table.HEAD, *map(table.line, rows), sep="\n", flush=True)
    if options.compare:
        found = table.departures(rows, table.read(table.RESULTS))
        print(*(found or ["Every ratio agrees with the committed table."]), sep="\n")
        return int(bool(found))
    if not options.quick:
        table.write(rows, table.RESULTS)
        table.write_facts(facts)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

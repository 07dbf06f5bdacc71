"""`python -m benchmarks`: the whole table, written to results.csv and machine.json.

--compare: beside the committed table; nothing is written, and the exit code is 1 where rows differ.
BENCH_ANYWAY=1: on a busy machine too, by processor time.
"""

from __future__ import annotations

import sys

from tqdm import tqdm

from benchmarks import harness, startup, table

SEEDS = range(3)


def measured() -> list[table.Row]:
    """Every row, with a bar that names what is being timed."""
    from benchmarks import linear, nets  # once the threads are pinned

    samples = startup.samples(15)
    with tqdm(unit="case", disable=None) as bar:
        for part in (linear, nets):
            try:
                for case in part.cases(SEEDS):
                    bar.set_description(f"{case.work}, {case.data}")
                    samples.append(harness.measure(case))
                    bar.update()
            except ImportError as error:  # the data of a part are a rival's, and it is missing
                print(f"left out, because {error.name} is missing", file=sys.stderr)
    return [*harness.rows(samples)]


def main(compare: bool) -> int:
    """Print the facts and the table; 1 where a comparison finds rows that differ."""
    harness.pin()
    facts = harness.facts(harness.check_load())
    print("; ".join(f"{name} {value}" for name, value in facts.items()), flush=True)
    rows = measured()
    for row in rows:
        print(*(row[name] for name in table.SHOWN), sep=" | ")
    if compare:
        found = table.departures(rows, table.read(table.RESULTS))
        print(*(found or ["Every ratio agrees with the committed table."]), sep="\n")
        return int(bool(found))
    table.write(rows, table.RESULTS)
    table.write_facts(facts)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(compare=sys.argv[1:] == ["--compare"]))

"""The command line: `reglib diagnose run.csv`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from reglib.doctor import Diagnosis, Log, diagnose, read_trace

HEALTHY, ILL, BAD_INPUT = 0, 1, 2


def parser() -> argparse.ArgumentParser:
    """The options of the command."""
    whole = argparse.ArgumentParser(prog="reglib", description=__doc__)
    commands = whole.add_subparsers(dest="command", required=True, metavar="COMMAND")
    one = commands.add_parser(
        "diagnose",
        help="name the cause of a divergence from a training log",
        epilog="Exit code: 0 healthy, 1 a cause was found or nothing is clear, 2 bad input.",
    )
    one.add_argument("table", metavar="run.csv", help="a table with a header; - reads from stdin")
    one.add_argument("--loss", metavar="NAME", help="the column with the losses")
    one.add_argument("--gradient-norm", metavar="NAME", help="the column with the gradient norms")
    one.add_argument("--learning-rate", metavar="NAME|NUMBER", help="a column, or the rate itself")
    one.add_argument("--parameter-norm", metavar="NAME", help="the column with the weights' norms")
    one.add_argument("--picture", metavar="out.png", help="draw the trace (needs matplotlib)")
    return whole


def read(options: argparse.Namespace) -> Log:
    """The log that the options name."""
    columns = {
        quantity: getattr(options, quantity)
        for quantity in ("loss", "gradient_norm", "parameter_norm")
        if getattr(options, quantity) is not None
    }
    rate = None
    if options.learning_rate is not None:
        try:
            rate = float(options.learning_rate)
        except ValueError:
            columns["learning_rate"] = options.learning_rate
    source = sys.stdin if options.table == "-" else options.table
    return read_trace(source, columns=columns, learning_rate=rate)


def draw(path: str, log: Log, found: Diagnosis) -> None:
    """Write the picture. ImportError, in words, without matplotlib; ValueError: its ending."""
    from reglib.doctor import picture

    picture.save(path, log.losses, log.gradient_norms, found)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    options = parser().parse_args(arguments)
    try:
        log = read(options)
        found = diagnose(
            log.losses,
            log.gradient_norms,
            log.learning_rates,
            parameter_norms=log.parameter_norms,
        )
        notes = (f"Note: {note}" for note in log.notes)
        print(f"{options.table}: {found}", *notes, sep="\n", flush=True)
        if options.picture:
            draw(options.picture, log, found)
    except BrokenPipeError:  # whoever reads the report, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        print(f"error: cannot open {error.filename}: {error.strerror}", file=sys.stderr)
        return BAD_INPUT
    except (ValueError, TypeError, ImportError) as error:
        print(f"error: {error}", file=sys.stderr)
        return BAD_INPUT
    return HEALTHY if found.cause == "healthy" else ILL


if __name__ == "__main__":
    sys.exit(main())

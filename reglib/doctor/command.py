"""The command `reglib diagnose`: options, files, what is printed, and the exit code."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Any

from reglib.doctor.log import QUANTITIES, read_log
from reglib.doctor.names import safe
from reglib.doctor.report import OPTIMIZERS, PRECISIONS, Report, diagnose

BAD_INPUT = 2
CODES = "Exit code: 0 healthy, 1 ill, 3 cannot tell, 2 the file or the call is at fault."


class Parser(argparse.ArgumentParser):
    """The options; what is wrong with them is said in one line, without terminal escapes."""

    def error(self, message: str) -> Any:
        fail(message)
        raise SystemExit(BAD_INPUT)


def parser() -> argparse.ArgumentParser:
    """The options of the command."""
    whole = Parser(prog="reglib", description="Tools of reglib for the command line.")
    commands = whole.add_subparsers(dest="command", required=True, metavar="COMMAND")
    one = commands.add_parser(
        "diagnose", help="name what is wrong with a training run from its log", epilog=CODES
    )
    one.add_argument("files", nargs="+", metavar="FILE", help="a log; several are joined by step")
    for quantity in QUANTITIES:
        words = quantity.replace("_", " ")
        option = f"--{quantity.replace('_', '-')}"
        one.add_argument(option, metavar="NAME", help=f"the column with the {words}")
    one.add_argument("--optimizer", choices=OPTIMIZERS, help="what took the steps")
    one.add_argument("--clip", type=float, metavar="NORM", help="the largest norm of a gradient")
    one.add_argument("--precision", choices=PRECISIONS, help="the number format of the training")
    one.add_argument("--json", action="store_true", help="print the report as JSON")
    one.add_argument("--picture", metavar="out.png", help="draw the log (needs matplotlib)")
    return whole


def examine(options: argparse.Namespace) -> Report:
    """The report on the files that the options name."""
    columns = {q: getattr(options, q) for q in QUANTITIES if getattr(options, q) is not None}
    sources = [sys.stdin.buffer if name == "-" else name for name in options.files]
    try:
        rate = float(columns.get("learning_rate", "none is given"))
        del columns["learning_rate"]
    except ValueError:  # the name of a column
        rate = None
    log = read_log(*sources, columns=columns)
    if rate is not None:
        log.learning_rates = [rate] * len(log.losses)
    how = {key: getattr(options, key) for key in ("optimizer", "clip", "precision")}
    return diagnose(log, **how)


def fail(message: str) -> int:
    """One line on stderr, and the exit code."""
    print(f"error: {safe(message)[:400]}", file=sys.stderr)
    return BAD_INPUT


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    options = parser().parse_args(arguments)
    files = ", ".join(map(safe, options.files))
    try:
        report = examine(options)
        if options.json:
            import json

            print(json.dumps({"file": files, **report.as_dict()}, ensure_ascii=True))
        else:
            print(f"{files}: {report}")
        sys.stdout.flush()
        if options.picture:
            from reglib.doctor.picture import save

            save(options.picture, report)
        return report.exit_code
    except BrokenPipeError:  # whoever reads the report, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return report.exit_code
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nothing is left to flush
        where = safe(str(error.filename)) if error.filename else "the output"
        return fail(f"cannot open or write {where}: {error.strerror}")
    except (ValueError, TypeError, ImportError) as error:
        return fail(f"{files}: {error}")
    except MemoryError:
        return fail(f"{files}: does not fit into memory")

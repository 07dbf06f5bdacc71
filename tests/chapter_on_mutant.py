"""Run a chapter's code cells, up to its last claim, on the reglib that stands first on the path.

`python chapter_on_mutant.py NOTEBOOK` prints one line of JSON: how it ended (passed, claim, assert
or crash), in which words, the seconds, and which of the marked functions ran. Nothing is drawn.
"""

import builtins
import json
import os
import sys
from pathlib import Path
from time import perf_counter

import IPython.display
import matplotlib


def nothing(*_, **__) -> None:
    """Stands in for what only shows: no claim looks at it."""


def cells(path: Path) -> list[str]:
    """The code up to the last claim."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    code = ["".join(c["source"]) for c in notebook["cells"] if c["cell_type"] == "code"]
    last = max((i for i, source in enumerate(code) if "claim(" in source), default=-1)
    return code[: last + 1]


def run(path: Path) -> dict:
    """The ending of the chapter."""
    from reglib.book import explore, style
    from reglib.book.claims import ContradictionError

    for name in ("show", "table", "say", "show_source"):
        setattr(style, name, nothing)
    explore.explore = nothing
    space = {"__name__": "__main__", "display": nothing}
    try:
        for number, source in enumerate(cells(path)):
            exec(compile(source, f"{path.stem}, code cell {number}", "exec"), space)
    except ContradictionError as error:
        return {"end": "claim", "words": str(error)}
    except AssertionError as error:
        return {"end": "assert", "words": f"cell {number}: {error}"}
    except Exception as error:
        return {"end": "crash", "words": f"cell {number}: {type(error).__name__}: {error}"}
    return {"end": "passed", "words": ""}


if __name__ == "__main__":
    matplotlib.use("Agg")
    IPython.display.display = nothing
    builtins.SEEN = set()
    notebook = Path(sys.argv[1]).resolve()
    os.chdir(notebook.parent)
    out, sys.stdout = sys.stdout, open(os.devnull, "w")
    begun = perf_counter()
    ending = run(notebook)
    ending |= {"seconds": round(perf_counter() - begun, 1), "seen": sorted(builtins.SEEN)}
    import reglib

    ending["reglib"] = reglib.__file__
    print(json.dumps(ending), file=out)

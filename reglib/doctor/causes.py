"""The causes that `diagnose` can name: what would confirm each, and what helps, in order.

They stand in causes.txt: a line "key: name", then "? what confirms it" and "topic: what to do".
"""

from __future__ import annotations

import os
from typing import NamedTuple


class Remedy(NamedTuple):
    """What to do, and the topic it belongs to: a stable key."""

    what: str
    topic: str


class Cause(NamedTuple):
    """A stable key, the name in a report, the measurement that would confirm it, what helps."""

    key: str
    name: str
    confirm: str = ""
    remedies: tuple[Remedy, ...] = ()


def _read() -> dict[str, Cause]:
    found: dict[str, Cause] = {}
    key = ""
    with open(os.path.join(os.path.dirname(__file__), "causes.txt"), encoding="utf-8") as table:
        for line in table:
            topic, _, what = line.strip().partition(": ")
            if not line.startswith(" "):
                key = topic
                found[key] = Cause(key, what)
            elif topic.startswith("? "):
                found[key] = found[key]._replace(confirm=line.strip()[2:])
            else:
                remedies = (*found[key].remedies, Remedy(what, topic))
                found[key] = found[key]._replace(remedies=remedies)
    return found


CAUSE = _read()
"""Key -> cause."""
CAUSES = tuple(CAUSE.values())
"""Every cause that a report can name."""

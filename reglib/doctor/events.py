"""Scalars of a TensorBoard event file (tfevents), without TensorBoard: records of protocol buffers.

A record is its length (8 bytes), a checksum (4), an event, a checksum (4). An event holds a step
(field 2) and a summary (5) of values (1), each with a tag (1) and a number (2), or a tensor (8).
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from typing import Any

from reglib.doctor.readers import Table


def read_events(path: str | os.PathLike[str], table: Table) -> Table:
    """The rows of an event file: a step and what was logged there. ValueError: cut off, or none."""
    table.format = "tfevents"
    at, rows = 0, dict[int, dict[str, float | None]]()
    with open(path, "rb") as opened:
        while head := opened.read(12):
            size = struct.unpack("<Q", head[:8])[0] if len(head) == 12 else 0
            body = opened.read(size + 4) if size < 1 << 30 else b""
            if len(body) != size + 4:
                table.leave("the file ends within a record", at + 1)
                break
            at += 1
            event = dict(_fields(body[:-4]))
            for number, value in _fields(event.get(5, b"")):
                found = _scalar(value) if number == 1 else None
                if found and table.wants(found[0]):
                    rows.setdefault(event.get(2, 0), {})[found[0]] = found[1]
    table.read = at
    for line, step in enumerate(sorted(rows), start=1):
        table.add(line, {"step": float(step), **rows[step]})
    return table.done()


def _scalar(value: bytes) -> tuple[str, float] | None:
    """Tag and number of a summary's value."""
    parts = dict(_fields(value))
    tag = parts.get(1, b"").decode(errors="replace")
    if 2 in parts:
        return tag, struct.unpack("<f", parts[2])[0]
    tensor = dict(_fields(parts.get(8, b"")))
    packed = tensor.get(4) or tensor.get(5) or b""
    return (tag, struct.unpack("<f", packed)[0]) if len(packed) == 4 else None


def _fields(message: bytes) -> Iterator[tuple[int, Any]]:
    """Number and content of each field: an integer, or bytes."""
    at = 0
    while at < len(message):
        key, at = _integer(message, at)
        if key & 7 == 0:
            value, at = _integer(message, at)
            yield key >> 3, value
            continue
        size = {1: 8, 5: 4}.get(key & 7, 0)
        if key & 7 == 2:
            size, at = _integer(message, at)
        elif not size:
            return
        yield key >> 3, message[at : at + size]
        at += size


def _integer(message: bytes, at: int) -> tuple[int, int]:
    """An integer of seven bits a byte, and where it ends."""
    value = shift = 0
    while at < len(message):
        byte = message[at]
        at, value, shift = at + 1, value | (byte & 127) << shift, shift + 7
        if byte < 128:
            break
    return value, at

"""Readers: whatever a training logger wrote becomes rows of named numbers with their lines."""

from __future__ import annotations

import io
import json
import os
import re
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, BinaryIO, TextIO

from reglib.doctor.names import role

LONGEST = 4_000_000
"""A line with more characters than this is no row of a log."""
MISSING = frozenset(("", "-", "--", "none", "null", "na", "n/a", "<na>", "nil", ".", "no log"))
NUMBER = r"[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?|(?i:nan|inf(?:inity)?))"
PAIR = re.compile(
    r"(?<![\w.%])(?P<name>(?:[A-Za-z‖_]|[|]{1,2}(?=\w))"
    r"(?:[\w./()#%@‖-]|[|](?=[\w|])| (?! )){0,60}?)"
    r"(?:[\"']?\s{0,40}[:=|]\s{0,40}[\"']?|\s{1,40})(?:\w*[tT]ensor\(|array\()?\[?\s{0,9}"
    rf"(?P<value>(?!nan iter|inf iter)(?:{NUMBER}|None|null))(?![\w.]*\w)"
)
WRAPPED = re.compile(rf"\s*(?:\w*[tT]ensor|array|\w+\.float\d+)?[(\[]+\s*({NUMBER})\s*[,)\]].*")
COLORS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
HELD_OUT = re.compile(r"\W*(?:validation|valid|val|eval(?:uation)?|test)\b", re.IGNORECASE)
DARKNET = re.compile(  # the number comes before its name
    rf"^\s*(\d+): ({NUMBER}), ({NUMBER}) avg(?: loss)?, ({NUMBER}) rate(?=,)|^.*\bRegion \d.*"
)
NEVER = re.compile("(?!)")
STAMP = re.compile(r"^\W*\d{4}[-/]\d\d[-/]\d\d[ T][\d:.,]+Z?\W*")

Wanted = Callable[[str], bool]


class Table:
    """Rows of named numbers: None where a row has no such cell, and the physical line of each."""

    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self.names: dict[str, bool] = {}
        self.columns: dict[str, Any] = {}  # an array, or a list once a cell is missing
        self.lines = array("q")
        self.counting: set[str] = set()  # names of steps
        self.left_out: dict[str, tuple[int, int]] = {}
        self.format = ""
        self.read = 0  # physical lines

    def leave(self, why: str, line: int) -> None:
        """Count a line that is not read, and remember the first of its kind."""
        count, first = self.left_out.get(why, (0, line))
        self.left_out[why] = count + 1, first

    def wants(self, name: str) -> bool:
        """Whether a column is kept; each name is asked once."""
        known = self.names.get(name)
        if known is None:
            known = self.wanted(name)
            if (role(name) or ("",))[0] == "step":
                self.counting.add(name)
            if len(self.names) < 200_000:
                self.names[name] = known
        return known

    def add(self, line: int, row: Mapping[str, float | None]) -> None:
        """One row; columns that it does not name are filled up later."""
        size, columns = len(self.lines), self.columns
        for name, value in row.items():
            column = columns.get(name)
            if column is None:
                column = columns[name] = array("d") if value is not None and not size else []
            if type(column) is array and (len(column) < size or value is None):
                column = columns[name] = column.tolist()
            if len(column) < size:
                column.extend([None] * (size - len(column)))
            column.append(value)
        self.lines.append(line)

    def done(self) -> Table:
        """The same with columns of one length."""
        for name, column in self.columns.items():
            if len(column) < len(self.lines):
                self.columns[name] = [*column, *[None] * (len(self.lines) - len(column))]
        return self


def number(cell: str, comma: bool = False) -> float | None:
    """The number in a cell, None if it is empty. ValueError: it holds something else."""
    try:
        return float(cell)
    except ValueError:
        text = cell.strip().strip("\"'").strip()
        if text.lower() in MISSING:
            return None
        if comma and text.count(",") == 1:
            text = text.replace(",", ".")
        wrapped = WRAPPED.fullmatch(text) or re.fullmatch(r"(\d+)/\d+", text)
        return float(wrapped[1] if wrapped else text.rstrip("%"))


def read_table(source: str | os.PathLike[str] | TextIO | BinaryIO, wanted: Wanted) -> Table:
    """The rows of a log in any of the formats, columns for which `wanted(name)` holds.

    OSError: the file cannot be opened. ValueError: empty, binary, or no rows of numbers.
    """
    if isinstance(source, (str, os.PathLike)):
        if "tfevents" in os.path.basename(source):
            from reglib.doctor.events import read_events

            return read_events(source, Table(wanted))
        with open(source, "rb") as opened:
            return _read(opened, wanted)
    if isinstance(source, io.TextIOBase) or not hasattr(source, "peek"):
        text = source.read()
        return _read(io.BytesIO(text if isinstance(text, bytes) else text.encode()), wanted)
    return _read(source, wanted)


def _read(opened: Any, wanted: Wanted) -> Table:
    head = bytes(opened.peek(1 << 16) if hasattr(opened, "peek") else opened.getbuffer()[: 1 << 16])
    encoding = "utf-16" if head[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    if encoding != "utf-16" and b"\0" in head:
        raise ValueError("must be a text file, got a binary one")
    if head[:2] == b"\x1f\x8b" or head[:4] == b"PK\x03\x04":
        raise ValueError("must be a text file, got a compressed one: unpack it first")
    text = io.TextIOWrapper(opened, encoding, errors="replace", newline="\n")
    try:
        lines = enumerate(text, start=1)
        early = [pair for _, pair in zip(range(40), lines, strict=False)]
        table = Table(wanted)
        if not any(line.strip() for _, line in early):
            raise ValueError("must hold rows of numbers, got an empty file")
        document = _opens_document([line for _, line in early if line.strip()])
        both = _chain(early, lines, table)
        if document:
            _document("".join(line for _, line in both), table)
        elif not _delimited(early, both, table):
            _records(both, table)
        return table.done()
    except RecursionError:
        raise ValueError("must hold rows of numbers, got brackets in brackets, too deep") from None
    finally:
        text.detach()


def _chain(
    early: list[tuple[int, str]], lines: Iterator[tuple[int, str]], table: Table
) -> Iterator[tuple[int, str]]:
    """The first lines and the rest, none of them too long, counted."""
    for source in (early, lines):
        for at, line in source:
            if len(line) > LONGEST:
                raise ValueError(
                    f"must hold rows of numbers, got {len(line)} characters in line {at}"
                )
            table.read = at
            yield at, line


def _blocks(lines: Iterable[tuple[int, str]]) -> Iterator[list[tuple[int, str]]]:
    """Numbered lines, some hundred at a time."""
    lines = iter(lines)
    while block := list(islice(lines, 256)):
        yield block


# ------------------------------------------------------------------------ one JSON document


def _opens_document(first: list[str]) -> bool:
    """Whether a text begins a JSON document that goes over many lines, or holds one in one."""
    line = first[0].strip()
    if line[0] not in "{[":
        return False
    try:
        whole = json.loads(line)
    except ValueError:
        return line in {"{", "[", "[{"} or bool(re.match(r'[\[{]\s*"[^"]*"\s*:\s*[\[{]?\s*$', line))
    holds = any(isinstance(v, (list, dict)) for v in whole.values()) if line[0] == "{" else True
    return len(first) == 1 and holds


def _document(text: str, table: Table) -> None:
    """A list of records inside a JSON document (trainer_state.json), or lists by name (Keras)."""
    table.format = "JSON"
    try:
        whole = json.loads(text)
    except ValueError as error:
        at = f"line {getattr(error, 'lineno', 0)}"
        raise ValueError(f"must be JSON from end to end, got a break in {at}") from None
    name, records = _richest(whole)
    if not records:
        raise ValueError("must hold rows of numbers, got JSON without a list of records")
    for record, line in zip(records, _lines_of(text, name, len(records)), strict=False):
        _record(line, _numbers(record), table, {})


def _richest(whole: Any, name: str = "", depth: int = 0) -> tuple[str, list[Any]]:
    """The longest list of records in a document, or lists of numbers as records; its name."""
    if isinstance(whole, list):
        return name, [record for record in whole if isinstance(record, dict)]
    if not isinstance(whole, dict) or depth > 2:
        return name, []
    inside = [_richest(value, key, depth + 1) for key, value in whole.items()]
    best = max(inside, key=lambda pair: len(pair[1]), default=(name, []))
    if best[1]:
        return best
    lists = {n: v for n, v in whole.items() if isinstance(v, list) and any(map(_is_real, v[:9]))}
    size = max(map(len, lists.values()), default=0)
    return name, [{n: v[k] for n, v in lists.items() if k < len(v)} for k in range(size)]


def _is_real(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _lines_of(text: str, name: str, count: int) -> list[int]:
    """The line on which each record of the list begins."""
    opening = re.search(rf'"{re.escape(name)}"\s*:\s*\[' if name else r"\[", text)
    decoder, lines, line, seen = json.JSONDecoder(), [], 1, 0
    at = opening.end() if opening else 0
    for _ in range(count):
        begin = text.find("{", at)
        if begin < 0:
            return [1] * count
        line += text.count("\n", seen, begin)
        seen = begin
        lines.append(line)
        at = decoder.raw_decode(text, begin)[1]
    return lines


def _numbers(record: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, float | None]]:
    """Names and numbers of a record; what is nested gets a path, what is no number is left out."""
    if HELD_OUT.match(str(record.get("mode", record.get("split", record.get("phase", ""))))):
        prefix = f"val/{prefix}"
    for name, value in record.items():
        if isinstance(value, dict):
            yield from _numbers(value, f"{prefix}{name}/")
        elif value is None or _is_real(value):
            yield prefix + name, value if value is None else _float(value)
        elif isinstance(value, str):
            try:
                yield prefix + name, number(value)
            except ValueError:
                continue


def _float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:  # an integer of more than 308 digits
        return float("inf")


# ------------------------------------------------------------------------ a table with a header


def _split(line: str, mark: str) -> list[str]:
    """The cells of a line; quotes hide the mark."""
    line = line.rstrip("\r\n")
    if mark == " ":
        return line.split()
    if '"' in line:
        import csv

        if line.count('"') % 2:  # a quote that is not closed
            return []
        return next(csv.reader([line.replace("\r", " ")], delimiter=mark), [])
    cells = line.split(mark)
    if mark == "|" and len(cells) > 2 and not cells[0].strip() and not cells[-1].strip():
        cells = cells[1:-1]
    return cells


def _header(early: list[tuple[int, str]]) -> tuple[int, str, list[str], bool] | None:
    """Line, mark, names and whether commas are decimal, of the first header over numbers."""
    lines = [(at, line) for at, line in early if line.strip() and line[0] != "#"]
    marks = ",;\t| "
    if lines and (mark := re.match(r"sep=(.)\s*$", lines[0][1])):
        lines, marks = lines[1:], mark[1]
    rules = re.compile(r"^[\s|:+=-]+$")
    lines = [(at, line) for at, line in lines if not rules.match(line)]
    for (at, line), (_, below) in zip(lines, lines[1:], strict=False):
        for mark in marks:
            names = [name.strip().strip("\"'") for name in _split(line, mark)]
            cells = _split(below, mark)
            if (
                not names
                or len(names) != len(cells)
                or (len(names) < 2 and not re.match(r"[\w/. ]+$", names[0]))
            ):
                continue
            comma = mark != "," and any(re.match(r"\s*-?\d+,\d+\s*$", cell) for cell in cells)
            if not any(_is_number(name) for name in names if name) and (
                sum(_is_number(cell, comma) for cell in cells) * 2 >= len(cells)
                and any(cell.strip() for cell in cells)
            ):
                return at, mark, names, comma
    return None


def _is_number(cell: str, comma: bool = False) -> bool:
    try:
        number(cell, comma)
    except ValueError:
        return False
    return True


def _delimited(
    early: list[tuple[int, str]], lines: Iterable[tuple[int, str]], table: Table
) -> bool:
    """Read a table with a header (CSV and its kin); False if the text is none."""
    head = _header(early)
    if head is None:
        return False
    start, mark, names, comma = head
    kept = [(name, at) for at, name in enumerate(names) if name and table.wants(name)]
    if mark == "|" and (not kept or "" in names):  # a name and a number a line, in a frame
        return False
    twice = {name for name, _ in kept if names.count(name) > 1}
    kept = [(name if name not in twice else f"{name} (column {at + 1})", at) for name, at in kept]
    name = {",": "CSV", "\t": "table (tabs)", " ": "table (blanks)"}
    table.format = name.get(mark, f"table ({mark})")
    below = ((at, line) for at, line in lines if at > start)
    columns = _columns(below, table, mark, names, [at for _, at in kept], comma)
    table.columns = {name: column for (name, _), column in zip(kept, columns, strict=True)}
    return True


def _columns(
    lines: Iterable[tuple[int, str]],
    table: Table,
    mark: str,
    names: list[str],
    places: list[int],
    comma: bool,
) -> list[Any]:
    """The numbers below a header in some of its places: arrays, lists where a cell is missing."""
    columns: list[Any] = [array("d") for _ in places]
    for block in _blocks(lines):
        if mark not in " |" and (new := _cells(block, mark, len(names), places)):
            for column, values in zip(columns, new, strict=True):
                column.extend(values)
            table.lines.extend(at for at, _ in block)
            continue
        for at, line in block:
            cells = _split(line, mark)
            row = _row(cells, places, comma) if len(cells) == len(names) else None
            if row is None:
                if set(line.strip()) - set("|:-+ =") and line[0] != "#":
                    table.leave(_why_not(line, cells, names), at)
                continue
            if None in row:
                pairs = zip(columns, row, strict=True)
                columns = [c.tolist() if v is None and type(c) is array else c for c, v in pairs]
            for column, value in zip(columns, row, strict=True):
                column.append(value)
            table.lines.append(at)
    return columns


def _cells(
    block: list[tuple[int, str]], mark: str, width: int, places: list[int]
) -> list[list[float]]:
    """The numbers of a block of lines by column; none if a line is not like the others."""
    rows = [line.split(mark) for _, line in block if '"' not in line]
    if len(rows) < len(block) or any(len(row) != width for row in rows):
        return []
    try:
        return [[float(row[place]) for row in rows] for place in places]
    except ValueError:
        return []


def _row(cells: list[str], places: list[int], comma: bool) -> list[float | None] | None:
    """The numbers in some cells, nearly always all of them; None if one is something else."""
    try:
        return [float(cells[place]) for place in places]
    except ValueError:
        try:
            return [number(cells[place], comma) for place in places]
        except ValueError:
            return None


def _why_not(line: str, cells: list[str], names: list[str]) -> str:
    """Why a line of a table was not read."""
    if line.count('"') % 2:
        return "a quote that is not closed"
    if len(cells) != len(names):
        return "another width"
    again = [cell.strip().strip("\"'") for cell in cells] == names
    return "the header again" if again else "a cell that is no number"


# ------------------------------------------------------------------------ a record a line


def _records(lines: Iterable[tuple[int, str]], table: Table) -> None:
    """JSON lines, printed dictionaries, `key: value |`, `key=value`, plain sentences.

    A line that is like the last row but for its numbers is read by that row's pattern.
    """
    held: dict[str, float | None] = {}
    text, like, columns = _Text(table), NEVER, list[Any]()
    for block in _blocks(lines):
        if columns and (new := _alike(block, like)):
            for column, values in zip(columns, new, strict=True):
                column.extend(values)
            table.lines.extend(at for at, _ in block)
            continue
        for at, line in block:
            if values := _numbers_of(like.fullmatch(line)):
                for column, value in zip(columns, values, strict=True):
                    column.append(value)
                table.lines.append(at)
                continue
            for part in line.split("\r") if "\r" in line else (line,):
                pairs = _json(part) if '"' in part else None
                kind = "lines of text" if pairs is None else "JSON lines"
                row = _record(at, text.pairs(part) if pairs is None else pairs, table, held)
                if row:
                    table.format = table.format or kind
                    like, columns = text.straight(line, row) if part is line else (NEVER, [])
                elif part.strip():
                    table.leave("no number that is looked for", at)


def _alike(block: list[tuple[int, str]], like: re.Pattern[str]) -> list[list[float]]:
    """The numbers of a block of lines that a pattern matches, by column; none if one differs."""
    rows = re.findall(f"(?m)^{like.pattern}", "".join(line for _, line in block))
    if len(rows) < len(block):
        return []
    try:
        return [
            list(map(float, c)) for c in (zip(*rows, strict=True) if like.groups > 1 else [rows])
        ]
    except ValueError:
        return []


def _json(line: str) -> Iterable[tuple[str, float | None]] | None:
    """The names and numbers of the record in a line, None if it holds none."""
    begin = line.find("{")
    if begin < 0:
        return None
    try:
        record = json.loads(line if begin == 0 else line[begin : line.rfind("}") + 1])
        return list(_numbers(record))
    except (ValueError, AttributeError, RecursionError):
        return None


class _Text:
    """Names and numbers in lines of text, and the patterns of the last kinds of lines."""

    def __init__(self, table: Table) -> None:
        self.table, self.heads = table, list[str]()
        self.known: list[tuple[list[str], re.Pattern[str]]] = []

    def pairs(self, line: str) -> Iterable[tuple[str, float | None]]:
        """Names and numbers, None where None is printed."""
        for names, like in self.known:
            if values := _numbers_of(like.fullmatch(line)):
                return zip(names, values, strict=True)
        if found := self.under_heads(line):
            return found
        clean = STAMP.sub("", COLORS.sub("", line) if "\x1b" in line else line)
        clean = DARKNET.sub(r"step=\1 loss=\2 avg=\3 lr=\4", clean)
        held_out = "val " if HELD_OUT.match(clean) else ""
        names, pattern, end = [], "", 0
        found = []
        for pair in PAIR.finditer(clean):
            name, value = pair.groups()
            name = name.rsplit(" - ", 1)[-1]
            name = held_out + name if "loss" in name.lower() else name
            found.append((name, None if value in ("None", "null") else float(value)))
            if self.table.wants(name) and name not in names:
                names.append(name)
                pattern += f"{_loose(clean[end : pair.start('value')])}([-+.\\deE]+)"
                end = pair.end("value")
        if names and line.endswith(clean):
            stamp = _loose(line[: len(line) - len(clean)])
            like = re.compile(stamp + pattern + _loose(clean[end:]))
            self.known = [(names, like), *self.known[:3]]
        return found

    def under_heads(self, line: str) -> list[tuple[str, float | None]]:
        """The cells of a line under a header within the text (YOLO: Epoch, gpu_mem, box, obj)."""
        cells = line.split()
        if cells[:1] == ["Epoch"] and len(cells) > 4 and not any(map(_is_number, cells)):
            self.heads = [f"{c}_loss" if c in ("box", "obj", "cls", "dfl") else c for c in cells]
        elif self.heads and len(cells) >= len(self.heads) and re.match(r"\d+/\d+$", cells[0]):
            if "%|" in line and "100%|" not in line:  # on its way through the epoch
                return [("", None)]
            return [
                (name, number(cell.rstrip(":G")))
                for name, cell in zip(self.heads, cells, strict=False)
                if _is_number(cell.rstrip(":G"))
            ]
        return []

    def straight(self, line: str, row: dict[str, float | None]) -> tuple[Any, list[Any]]:
        """The pattern of a line and the columns of its numbers, if they are all of the row."""
        if len(row) == len(self.table.columns) and all(
            type(column) is array for column in self.table.columns.values()
        ):
            self.pairs(line)
            for names, like in self.known:
                values = _numbers_of(like.fullmatch(line))
                if values and dict(zip(names, values, strict=True)) == row:
                    return like, [self.table.columns[name] for name in names]
        return NEVER, []


def _numbers_of(same: re.Match[str] | None) -> list[float]:
    """The numbers in the groups of a match; none where dots and signs are no number."""
    try:
        return list(map(float, same.groups())) if same else []
    except ValueError:
        return []


def _loose(text: str) -> str:
    """A pattern for a text with other numbers and other blanks in it."""
    numbers = re.sub(r"\d[\d.]*(?:[eE][-+]?\d+)?", "0", text)
    return re.sub(
        r"0", r"[\\d.]+(?:[eE][-+]?\\d+)?", re.sub(r"(\\ )+", r"\\s+", re.escape(numbers))
    )


def _record(
    at: int,
    pairs: Iterable[tuple[str, float | None]],
    table: Table,
    held: dict[str, float | None],
) -> dict[str, float | None]:
    """Add a row of the wanted pairs; a line that only counts steps waits for the next row."""
    known, row = table.names, {}
    for name, value in pairs:
        if (known[name] if name in known else table.wants(name)) and name not in row:
            row[name] = value
    if row.keys() <= table.counting:
        held.update(row)
        return {}
    row = {**held, **row} if held else row
    table.add(at, row)
    return row

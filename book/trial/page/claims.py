"""The claim ledger, and `claim`, which lets a notebook settle one entry with evidence it computed.

`book/trial/data/claims.yml` is the only place where a verdict on the article is written, `ours.yml`
the only one for claims of the book's own. Evidence decides alone:

    holds only    -> true            instead -> vague (the testable sentence that replaces it)
    fails only    -> false           absent  -> undelivered (what is not there)
    holds + fails -> conditional   shows -> a defect of the listing, demonstrated

`claim` compares the two and raises `ContradictionError` where they differ or a piece of evidence
is false, so a wrong ledger and a wrong computation both stop the notebook.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

import yaml
from IPython.display import display

from trial.data import FOLDER
from trial.page.evidence import Evidence, lacking, true_or_false

LABELS = {
    "true": "True",
    "conditional": "True under conditions",
    "false": "False",
    "vague": "Too vague to test",
    "undelivered": "Promised, not delivered",
    "defect": "Defect, shown",
}
SETTLES = {
    frozenset({"holds"}): "true",
    frozenset({"fails"}): "false",
    frozenset({"holds", "fails"}): "conditional",
    frozenset({"instead"}): "vague",
    frozenset({"absent"}): "undelivered",
    frozenset({"shows"}): "defect",
}
WORDS = {
    "holds": "The claim holds where",
    "fails": "It fails where",
    "instead": "What can be tested",
    "absent": "Not to be found",
    "shows": "Shown",
}


class ContradictionError(AssertionError):
    """The evidence and the ledger disagree."""


@dataclass(frozen=True)
class Entry:
    """One line of the ledger; `settled_in` names the notebooks that settle it."""

    id: str
    kind: str  # "claim", "defect" or "ours"
    statement: str
    section: str = ""
    verdict: str = "defect"  # a key of LABELS; every defect has this one
    reason: str = ""
    condition: str = ""
    instead: str = ""
    fix: str = ""
    line: str = ""
    absent: tuple[str, ...] = ()
    settled_in: tuple[str, ...] = ()


def read_ledger(path: Path) -> dict[str, Entry]:
    """The entries of a ledger file by id, in its order."""
    tables = yaml.safe_load(path.read_text(encoding="utf-8"))
    entries = {}
    for kind, name in (("claim", "claims"), ("defect", "defects"), ("ours", "ours")):
        for row in tables.get(name, []):
            fields = {
                k: tuple(v) if isinstance(v, list) else str(v).strip() for k, v in row.items()
            }
            if isinstance(row.get("verdict"), bool):  # YAML reads a bare true as a boolean
                fields["verdict"] = str(row["verdict"]).lower()
            entry = Entry(kind=kind, **fields)
            known = [v for v in LABELS if (v == "defect") == (kind == "defect")]
            if entry.verdict not in known:
                raise ValueError(f"{entry.id}: verdict must be one of {', '.join(known)}")
            if entry.id in entries:
                raise ValueError(f"{entry.id} stands twice in the ledger")
            entries[entry.id] = entry
    return entries


@cache
def ledger() -> dict[str, Entry]:
    """The book's ledger: C1..C50 are the article's claims, D1..D20 its listing's defects."""
    return read_ledger(FOLDER / "claims.yml")


@cache
def ours() -> dict[str, Entry]:
    """T1, T2, ...: claims of the book's own, under the same laws, and counted apart."""
    return read_ledger(FOLDER / "ours.yml")


@cache
def bibliography() -> frozenset[str]:
    """The citation keys of references.bib."""
    text = (FOLDER / "references.bib").read_text(encoding="utf-8")
    return frozenset(re.findall(r"^@\w+\{([^,\s]+),", text, flags=re.M))


@cache
def dated(key: str) -> int:
    """The year of a work in references.bib; KeyError for an unknown key and for one without."""
    text = (FOLDER / "references.bib").read_text(encoding="utf-8")
    found = re.search(
        rf"^@\w+{{{re.escape(key)},(?:\n  .*)*?\n  year = {{(\d+)}}", text, flags=re.M
    )
    if not found or key not in bibliography():
        raise KeyError(key)
    return int(found[1])


def weigh(entry: Entry, evidence: dict[str, dict[str, Any]]) -> None:
    """Raise `ContradictionError` unless all evidence is true and settles the entry's verdict.

    A value is a boolean, or `counts(...)` or `budget(...)` where the sentence needs one: TypeError.
    """
    for side, named in evidence.items():
        for name, value in named.items():
            bare = not isinstance(value, Evidence)
            if bare and (wanted := lacking(name)):
                raise TypeError(f"{entry.id}: evidence {name!r} must be {wanted}")
            try:
                true = true_or_false(value) if bare else value.fact
            except TypeError as problem:
                raise TypeError(f"{entry.id}: {name!r}: {problem}") from None
            if not true:
                raise ContradictionError(
                    f"{entry.id}: the evidence {name!r} ({side}) did not come true"
                )
    found = SETTLES.get(frozenset(side for side, named in evidence.items() if named))
    if found != entry.verdict:
        raise ContradictionError(
            f"{entry.id}: the evidence says {found or 'nothing definite'}, "
            f"the ledger says {entry.verdict}"
        )


def claim(
    id: str,
    *,
    holds: dict[str, Any] | None = None,
    fails: dict[str, Any] | None = None,
    instead: dict[str, Any] | None = None,
    absent: dict[str, Any] | None = None,
    shows: dict[str, Any] | None = None,
    cites: list[str] | None = None,
) -> None:
    """Settle the ledger's entry `id` with named evidence, and show its verdict box.

    Each dictionary maps a sentence to what the notebook computed for it: a boolean, or `counts` or
    `budget` of `trial.page.evidence`. `cites` lists keys of references.bib that the box names.
    KeyError: an unknown id; ValueError: an unknown key.
    """
    entry = (ledger() | ours())[id]
    sides = {"holds": holds, "fails": fails, "instead": instead, "absent": absent}
    sides["shows"] = shows
    if wrong := [side for side, named in sides.items() if not isinstance(named or {}, dict)]:
        raise TypeError(f"{id}: {wrong[0]} must map sentences to booleans")
    evidence = {side: named for side, named in sides.items() if named}
    weigh(entry, evidence)
    if unknown := set(cites or []) - bibliography():
        raise ValueError(f"cites must name entries of references.bib, got {sorted(unknown)}")
    sentences = {
        side: [*map(told, *zip(*named.items(), strict=True))] for side, named in evidence.items()
    }
    display({"text/html": box(entry, sentences), "text/plain": summary(entry, sentences)}, raw=True)


def told(sentence: str, value: Any) -> str:
    """The sentence, and in brackets what was run for it."""
    return f"{sentence} ({value.words})" if isinstance(value, Evidence) else sentence


def summary(entry: Entry, sentences: dict[str, list[str]]) -> str:
    """The verdict in plain text, one line a piece of evidence."""
    lines = [f"{entry.id} {LABELS[entry.verdict]}: {entry.statement}"]
    return "\n".join(lines + [f"  {side}: {s}" for side, named in sentences.items() for s in named])


def code_spans(text: str) -> str:
    """Text as HTML, with `code` between backticks."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def where(entry: Entry) -> str:
    """What an entry is called, and where in the article it stands."""
    if entry.kind == "ours":
        return f"Claim {entry.id}, of this book"
    section = f", article section {entry.section}" if entry.section else ""
    return f"{entry.kind.title()} {entry.id}{section}"


def box(entry: Entry, sentences: dict[str, list[str]]) -> str:
    """The verdict as HTML: label, claim, reason, evidence."""
    items = "".join(
        f'<li class="{side}"><span>{WORDS[side]}:</span> {code_spans(sentence)}</li>'
        for side, named in sentences.items()
        for sentence in named
    )
    notes = [entry.reason, entry.condition, entry.instead and f"Testable instead: {entry.instead}"]
    if entry.kind == "defect":
        notes = [f"In the listing: {entry.line}.", f"Fix: {entry.fix}"]
    return (
        f'<div class="verdict verdict-{entry.verdict}" id="claim-{entry.id.lower()}" '
        'style="border-left:.3em solid var(--verdict,#888);padding:.2em 1em">'
        f'<p class="verdict-head"><span class="verdict-label">{LABELS[entry.verdict]}</span> '
        f'<span class="verdict-id">{where(entry)}</span></p>'
        f'<p class="verdict-claim">{code_spans(entry.statement)}</p>'
        f'<p class="verdict-reason">{code_spans(" ".join(n for n in notes if n))}</p>'
        f'<ul class="verdict-evidence">{items}</ul></div>'
    )

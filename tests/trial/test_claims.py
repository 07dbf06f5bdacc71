"""The ledger in both directions: every verdict has evidence, all evidence has an entry."""

import ast
import re
from dataclasses import replace
from pathlib import Path

import nbformat
import numpy as np
import pytest

from trial.page.claims import (
    LABELS,
    SETTLES,
    WORDS,
    ContradictionError,
    Entry,
    bibliography,
    box,
    claim,
    dated,
    ledger,
    ours,
    read_ledger,
    summary,
    weigh,
)
from trial.page.evidence import Evidence

ROOT = Path(__file__).parents[2]
NOTEBOOKS = {
    path.stem: nbformat.read(path, as_version=4) for path in (ROOT / "notebooks").glob("*.ipynb")
}


def calls(notebook):
    """Each `claim(...)` of a notebook as (id, its syntax, what its cell printed)."""
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        printed = [o["data"].get("text/plain", "") for o in cell.outputs if "data" in o]
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "claim":
                yield node.args[0].value, node, "\n".join(printed)


SETTLED = {
    (name, id): (node, printed)
    for name, notebook in NOTEBOOKS.items()
    for id, node, printed in calls(notebook)
}


def sides(node):
    """{"holds": [names], ...} of a claim's syntax."""
    named = {k.arg: k.value for k in node.keywords if k.arg != "cites"}
    order = [side for side in WORDS if side in named]
    return {side: [key.value for key in named[side].keys] for side in order}


def test_the_ledger_has_every_claim_and_every_defect_in_order():
    claims = [f"C{k}" for k in range(1, 51)]
    defects = [f"D{k}" for k in range(1, 21)]
    assert list(ledger()) == claims + defects
    assert {e.kind for e in ledger().values()} == {"claim", "defect"}


def test_the_claims_of_the_book_stand_apart():
    assert {entry.kind for entry in ours().values()} == {"ours"}
    assert not set(ours()) & set(ledger())
    assert all(re.fullmatch(r"[ST]\d+", id) and not e.section for id, e in ours().items())
    entry = ours()["T1"]
    assert "article" not in box(entry, {}) and "of this book" in box(entry, {})


@pytest.mark.parametrize("entry", ours().values(), ids=ours())
def test_a_claim_of_the_book_says_what_the_articles_claims_must_say(entry):
    assert entry.statement and entry.settled_in and entry.reason
    assert bool(entry.condition) == (entry.verdict == "conditional")


@pytest.mark.parametrize("entry", ledger().values(), ids=ledger())
def test_an_entry_says_what_its_kind_must_say(entry):
    assert entry.statement and entry.settled_in
    if entry.kind == "defect":
        assert entry.verdict == "defect" and entry.line and entry.fix
    else:
        assert entry.section and entry.reason
        # "may" and "can" are true where ordinary use shows it: the condition then says when
        modal = entry.verdict == "true" and re.search(r"\b(?:may|can)\b", entry.statement)
        assert entry.condition or entry.verdict != "conditional"
        assert not entry.condition or entry.verdict == "conditional" or modal
        assert bool(entry.instead) == (entry.verdict == "vague")
        assert bool(entry.absent) == (entry.verdict == "undelivered")


@pytest.mark.parametrize("entry", (ledger() | ours()).values(), ids=ledger() | ours())
def test_what_a_verdict_says_are_sentences(entry):
    """They stand one behind the other in the box."""
    for said in filter(None, (entry.reason, entry.condition)):
        assert said.endswith(".") and not said[0].islower(), said


def test_every_settled_entry_is_settled_where_it_says():
    entries = (ledger() | ours()).values()
    promised = {(name, e.id) for e in entries for name in e.settled_in}
    assert promised == set(SETTLED)


def test_there_is_evidence_at_all():
    assert len(SETTLED) >= 5


@pytest.mark.parametrize("where", SETTLED, ids="-".join)
def test_the_page_shows_the_verdict_that_its_evidence_gives(where):
    node, printed = SETTLED[where]
    lines = printed.splitlines()
    first, *sentences = summary((ledger() | ours())[where[1]], sides(node)).splitlines()
    assert first in lines
    # what was run for a sentence stands behind it in brackets
    assert all(
        any(re.fullmatch(re.escape(s) + r"( \(.+\))?", line) for line in lines) for s in sentences
    )


@pytest.mark.parametrize("where", SETTLED, ids="-".join)
def test_a_flipped_verdict_contradicts_its_evidence(where):
    node, _ = SETTLED[where]
    entry = (ledger() | ours())[where[1]]
    evidence = {s: dict.fromkeys(names, Evidence(True, "")) for s, names in sides(node).items()}
    weigh(entry, evidence)
    for verdict in set(LABELS) - {entry.verdict}:
        with pytest.raises(ContradictionError, match=f"the ledger says {verdict}"):
            weigh(replace(entry, verdict=verdict), evidence)


@pytest.mark.parametrize("verdict", LABELS)
def test_only_the_right_sides_settle_a_verdict(verdict):
    entry = Entry("C0", "claim", "A claim.", verdict=verdict)
    for found, gives in SETTLES.items():
        evidence = {side: {"a sentence": np.True_} for side in found}
        if gives == verdict:
            weigh(entry, evidence)
        else:
            with pytest.raises(ContradictionError):
                weigh(entry, evidence)


@pytest.mark.parametrize(
    "sides", [{}, {"holds": {}}, {"holds": {"a": True}, "instead": {"b": True}}]
)
def test_no_evidence_or_mixed_evidence_settles_nothing(sides):
    for verdict in LABELS:
        with pytest.raises(ContradictionError, match="nothing definite"):
            weigh(Entry("C0", "claim", "A claim.", verdict=verdict), sides)


def test_evidence_that_did_not_come_true_stops_the_cell():
    with pytest.raises(ContradictionError, match="'it is small' .* did not come true"):
        claim("C8", fails={"it is large": True, "it is small": False})


@pytest.mark.parametrize("value", [1, "yes", None, 0.5, ["hoerl1970"]], ids=str)
def test_evidence_must_be_true_or_false(value):
    with pytest.raises(TypeError, match="must be True or False"):
        claim("C8", fails={"a sentence": value})


def test_an_unknown_claim_or_citation_is_an_error():
    with pytest.raises(KeyError):
        claim("C51", holds={"a sentence": True})
    with pytest.raises(ValueError, match="nobody1900"):
        claim("C8", fails={"a sentence": True}, cites=["nobody1900"])


def test_evidence_is_named_by_sentences():
    with pytest.raises(TypeError, match="holds must map sentences to booleans"):
        claim("C8", holds=True)
    with pytest.raises(TypeError, match="must be True or False"):
        claim("C4", holds={"five works": ["hoerl1970", "tibshirani1996"]})


def test_a_work_has_its_year():
    assert dated("hoerl1970") == 1970 and dated("loshchilov2019") == 2019
    years = [dated(key) for key in bibliography() - {"article", "nist_longley"}]
    assert min(years) > 1600 and max(years) < 2030
    for key in ("nobody1900", "article"):
        with pytest.raises(KeyError):
            dated(key)


def test_every_citation_of_a_page_is_in_the_bibliography():
    assert {"hoerl1970", "pascanu2013"} <= bibliography()


def test_a_box_says_the_verdict_the_claim_and_the_evidence():
    html = box(ledger()["C8"], {"fails": ["it is <not>"]})
    assert 'id="claim-c8"' in html and ">False<" in html and "it is &lt;not&gt;" in html


def test_a_ledger_with_an_unknown_verdict_or_a_double_entry_is_refused(tmp_path):
    file = tmp_path / "claims.yml"
    file.write_text("claims: [{id: C1, statement: s, verdict: maybe}]\ndefects: []\n")
    with pytest.raises(ValueError, match="C1: verdict must be one of"):
        read_ledger(file)
    row = "{id: C1, statement: s, verdict: true}"
    file.write_text(f"claims: [{row}, {row}]\ndefects: []\n")
    with pytest.raises(ValueError, match="C1 stands twice"):
        read_ledger(file)


WHERE = {
    "7.1": "01_two_explosions 02_penalties 03_one_step 10_depth 11_cliff 12_remedies 14_order faq",
    "7.2": "02_penalties 03_one_step 12_remedies 13_vanishing",
    "7.3": "01_two_explosions 02_penalties 04_building autopsy",
    "7.4": "05_the_program 10_depth autopsy",
    "7.5": "07_step_sizes 08_choosing_lambda 09_data",
    "7.6": "03_one_step 08_choosing_lambda 09_data 12_remedies 13_vanishing 15_together faq",
    "App.": "faq",
}
"""Section of the article -> the notebooks that settle its claims: the book keeps its structure."""


def test_every_section_of_the_article_is_settled_in_its_chapters():
    claims = [entry for entry in ledger().values() if entry.kind == "claim"]
    found = {}
    for entry in claims:
        for section in entry.section.split(", "):
            found.setdefault(section[:3] if section[0].isdigit() else section, set()).update(
                entry.settled_in
            )
    assert {section: set(names.split()) for section, names in WHERE.items()} == found

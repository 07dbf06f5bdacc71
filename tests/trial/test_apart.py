"""Tables computed apart: their file, their date, and the slow test that computes them again."""

import datetime
import sys
import types
from dataclasses import replace
from pathlib import Path

import pytest

from trial.page import apart
from trial.page.apart import Row, Table, read, show
from trial.press.apart import MODULES, compute, differences, main, write
from trial.sphinx.freshness import library_digest

ROOT = Path(__file__).parents[2]
DAY = datetime.date(2024, 2, 29)
TABLE = Table(DAY, (Row("L2, lam 0.1", (20, 19), (0, 1)), Row("clip: 1", (0, 0), (13, 9))))


def test_a_table_is_read_as_it_was_written(tmp_path):
    path = write(TABLE, "some", tmp_path)
    assert read("some", tmp_path) == TABLE
    assert path.read_text().splitlines()[0].startswith("# computed on 2024-02-29: ")
    before = path.read_bytes()
    assert write(read("some", tmp_path), "some", tmp_path).read_bytes() == before


def test_a_row_is_found_by_its_name():
    assert TABLE["clip: 1"].learned == (13, 9)
    with pytest.raises(KeyError, match="no row 'clip' among"):
        TABLE["clip"]


GOOD = "# computed on 2024-02-29: x\nname,diverged 1,learned 1,diverged 2,learned 2\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name\n", "first line must be"),
        ("# computed on tomorrow\nname\n", "columns must be"),
        (GOOD.replace("02-29", "02-30"), "day"),
        (GOOD + "a,1,2,3,4\na,1,2,3,4\n", "a stands twice"),
        (GOOD + "a,1,20,0,0\n", r"runs of 20, got \[\(1, 20\), \(0, 0\)\]"),
        (GOOD + "a,-1,2,0,0\n", "runs of 20"),
        (GOOD + "a,1,2,0\n", "shorter|longer"),
    ],
)
def test_a_broken_file_is_refused_in_words(tmp_path, text, words):
    (tmp_path / "some.csv").write_text(text)
    with pytest.raises(ValueError, match=words):
        read("some", tmp_path)


def moved(**changes):
    rows = {row.name: row._replace(**changes.get(row.name, {})) for row in TABLE.rows}
    return Table(DAY, tuple(rows.values()))


def test_only_a_count_beyond_the_slack_is_a_difference():
    assert differences(TABLE, moved(**{"clip: 1": {"learned": (17, 5)}})) == []
    (far,) = differences(TABLE, moved(**{"clip: 1": {"learned": (13, 14)}}))
    assert far.startswith("clip: 1: committed") and "14" in far
    (far,) = differences(TABLE, moved(**{"L2, lam 0.1": {"diverged": (15, 19)}}))
    assert far.startswith("L2, lam 0.1")


def test_the_slack_grows_with_the_root_of_the_runs():
    """A share of 1,200 would let a count move by 240."""
    one, two = (Table(DAY, (Row("a", (0, 0), (600, n)),), of=1200) for n in (600, 632))
    assert differences(one, one) == [] != differences(one, two)


def test_a_missing_and_a_new_row_are_differences():
    found = differences(TABLE, Table(DAY, (*TABLE.rows[:1], Row("new", (0, 0), (0, 0)))))
    assert found == ["clip: 1: only in the committed table", "new: not in the committed table"]


@pytest.fixture
def chapter(monkeypatch):
    """A module with rows of its own, registered as the table `some`."""
    module = types.ModuleType("a_chapter")
    module.apart = lambda block: iter([("none", 20 - block, 0), ("clip", 0, min(19 + block, 20))])
    monkeypatch.setitem(sys.modules, "a_chapter", module)
    monkeypatch.setitem(MODULES, "some", "a_chapter")
    return module


def test_both_blocks_of_seeds_are_computed_and_dated_today(chapter):
    before = datetime.date.today()
    table = compute("some")
    assert table.rows == (Row("none", (20, 19), (0, 0)), Row("clip", (0, 0), (19, 20)))
    assert before <= table.date <= datetime.date.today()


def test_blocks_with_different_rows_are_refused(chapter):
    chapter.apart = lambda block: [(f"row {block}", 0, 0)]
    with pytest.raises(ValueError, match="different rows"):
        compute("some")


def test_the_command_writes_the_table_and_names_what_changed(chapter, tmp_path, capsys):
    assert main(["some"], tmp_path) == 0
    assert capsys.readouterr().out == "some.csv: 2 rows\n"
    chapter.apart = lambda block: [("none", 20, 0), ("clip", 0, 9)]
    main(["some"], tmp_path)
    assert "clip: committed (0, 0, 19, 20), computed (0, 0, 9, 9)" in capsys.readouterr().out
    assert read("some", tmp_path)["clip"].learned == (9, 9)


def test_the_command_refuses_an_unknown_table(tmp_path):
    with pytest.raises(SystemExit, match="no table nothing among: .*remedies"):
        main(["nothing"], tmp_path)


def test_a_page_shows_the_table_with_its_date(monkeypatch):
    shown = []
    monkeypatch.setattr(apart, "read", lambda name: TABLE)
    monkeypatch.setattr(apart.style, "table", lambda *a, caption: shown.append((*a, caption)))
    assert show("some", "All remedies.", prefix="clip: ") == TABLE
    ((columns, rows, caption),) = shown
    assert rows == [["1", "0, 0", "13, 9"]] and columns == ["remedy", "diverged", "learned"]
    assert caption == (
        "All remedies. Two sets of 20 networks. Computed apart on 2024-02-29 by make test-slow."
    )
    with pytest.raises(ValueError, match="no row of some starts with 'x'"):
        show("some", "All remedies.", prefix="x")


def test_a_picture_pools_both_blocks_and_tells_every_number(monkeypatch):
    shown = []
    monkeypatch.setattr(apart, "read", lambda name: TABLE)
    monkeypatch.setattr(apart.style, "show", lambda *a, **k: shown.append((*a, k)))
    assert apart.picture("some", "All remedies.") == TABLE
    ((figure, words),) = shown
    _, learned, diverged = figure.axes[0].containers
    assert [bar.get_width() for bar in learned] == [1, 22]
    assert [(bar.get_x(), bar.get_width()) for bar in diverged] == [(1, 39), (40, 0)]
    assert "L2, lam 0.1: 39 diverged, 1 learned; clip: 1: 0 diverged, 22" in words["alt"]
    assert words["caption"].startswith("All remedies. The number is that of learned. Two sets of")
    with pytest.raises(ValueError, match="no row of some starts with 'x'"):
        apart.picture("some", "All remedies.", prefix="x")


def test_every_table_has_a_module_and_every_module_a_table():
    assert {path.stem for path in apart.FOLDER.glob("*")} == set(MODULES)


@pytest.mark.parametrize("name", MODULES)
def test_a_committed_table_is_one_that_the_tool_wrote(name, tmp_path):
    table = read(name)
    assert table.rows and table.date <= datetime.date.today() + datetime.timedelta(days=1)
    fresh = write(table, name, tmp_path).read_bytes()
    assert fresh == (apart.FOLDER / f"{name}.csv").read_bytes()


def test_the_digest_of_the_execution_cache_counts_the_tables(tmp_path):
    """A page may not be older than the table it shows."""
    apart_here = tmp_path / "book" / "trial" / "data" / "apart"
    write(TABLE, "some", apart_here)
    before = library_digest(tmp_path)
    write(replace(TABLE, date=DAY.replace(day=1)), "some", apart_here)
    assert library_digest(tmp_path) != before


@pytest.mark.slow
@pytest.mark.parametrize("name", MODULES)
def test_the_committed_table_is_what_the_runs_give(name):
    """Within the slack; the fresh table goes to _build/apart for whoever wants to compare."""
    fresh = compute(name)
    write(fresh, name, ROOT / "_build" / "apart")
    assert differences(read(name), fresh) == []

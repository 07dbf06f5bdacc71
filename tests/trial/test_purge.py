"""The shortening of the stock styles: what may apply stays as it was, what cannot goes."""

import pytest

from trial.sphinx import assets, purge

PAGE = (
    '<!doctype html><div class="box wide" id="Here" hidden style="color: var(--ink)">'
    "<p title='a > b'>Some bare prose <svg viewBox='0 0 1 1'></svg></p></div>"
    "<script>document.body.classList.add('late')</script>"
)
SCRIPT = (
    "tip.className = `bs-${kind}-auto`; box.dataset.toggleHint = 1; e.tabIndex = 0;"
    "list.add('is-' + state); draw(\"<mark class='hit'>\")"
)
NAMES = purge.find_names([PAGE], [SCRIPT])
RULE = "{color: red;}"


def shortened(css, elsewhere=""):
    return purge.purge(css, NAMES, elsewhere)


@pytest.mark.parametrize(
    "selector",
    [
        ".box",
        "#Here.wide > p",
        "DIV[hidden]",
        "html tbody",
        ".box:hover::before",
        ".box:not(.gone)",
        ".box:is(.gone,.wide)",
        ".box:has(p)",
        ".box:nth-child(2n + 1)",
        "*::selection",
        ":root",
        "p[title^=x]",
        "svg[viewBox]",
        ".late",
        ".hit",
        "mark",
        "[tabindex]",
        "[data-toggle-hint]",
        "[aria-expanded=true]",
        ".bs-tooltip",
        ".x-auto",
        ".is-open",
    ],
)
def test_a_rule_that_may_apply_stays_as_it_was(selector):
    assert shortened(selector + RULE) == selector + RULE


@pytest.mark.parametrize(
    "selector",
    [
        ".gone",
        ".Box",
        "#here",
        ".box .gone",
        ".box.gone:hover",
        "table",
        "p[lang]",
        ".box:is(.gone,table)",
        ".box:has(.gone)",
        ".prose",  # a word of the text is no class
        ".bs",
    ],
)
def test_a_rule_that_cannot_apply_goes(selector):
    assert shortened(selector + RULE) == ""
    assert shortened(f"{selector},.box{RULE}") == ".box" + RULE
    assert shortened(f"@media print{{{selector}{RULE}}}") == ""
    assert shortened(f"@media print{{{selector}{RULE}.box{RULE}}}") == f"@media print{{.box{RULE}}}"


def test_a_rule_that_another_browser_skips_is_still_skipped_there():
    kept = ".gone::-moz-focus-inner,.box" + RULE
    assert shortened(kept) == kept


def test_a_property_stays_while_somebody_asks_for_it():
    css = ":root{--a: var(--b);--b: 1;--c: 2;--ink: red;}"
    assert shortened(css) == ":root{--ink: red;}"  # the page asks; --b only for --a, which goes
    assert shortened(css, "p{width:var(--a)}") == ":root{--a: var(--b);--b: 1;--ink: red;}"
    assert shortened(":root{--c: 2;}.gone{width: var(--c);}") == ""


def test_a_value_that_holds_braces_and_semicolons_is_not_cut():
    css = '.box{--gone: url("data:image/svg+xml;a{b}");background: url("data:;{}");}'
    assert shortened(css) == '.box{background: url("data:;{}");}'


def test_fonts_and_animations_stay_while_a_rule_asks_for_them():
    font, frames = '@font-face{font-family: "%s";src: url(a);}', "@keyframes %s {0%%{left: 0;}}"
    used = '.box{animation: slide 1s;font: 1em "Some Font";}'
    css = "\n".join([font % "Some Font", font % "Other", frames % "slide", frames % "turn", used])
    assert shortened(css) == "\n".join([font % "Some Font", frames % "slide", used])


def test_statements_stay_and_comments_go():
    assert (
        shortened("@layer a, b;/* words */.box{/* c */color: red;}") == "@layer a, b;\n.box" + RULE
    )


def test_shortening_again_changes_nothing():
    css = "".join(f".box .c{k},.c{k}.wide,.box{{--p{k}: var(--p{k + 1});}}" for k in range(5))
    assert shortened(css + ".box" + RULE) == ".box" + RULE


def test_the_sheet_of_a_book_follows_all_its_pages(tmp_path):
    (tmp_path / "_static").mkdir()
    (tmp_path / "_static" / "trial.css").write_text(".mine{color: var(--ink)}")
    (tmp_path / "_static" / "theme.html").write_text("<p class=c>")  # a template, no page
    sheet, css = (
        tmp_path / "_static" / "stock.css",
        ".a{--ink: red;--b: 1;}.b{left: 0;}.c{left: 0;}",
    )

    def shipped(page, words):
        (tmp_path / page).write_text(words)
        assets.write_used(css, tmp_path, sheet)
        return sheet.read_text().partition("\n")[2]

    assert shipped("one.html", "<p class=a>") == ".a{--ink: red;}"
    assert (
        shipped("two.html", "<p class=b>") == ".a{--ink: red;}\n.b{left: 0;}"
    )  # one.html untouched
    written = sheet.stat().st_mtime_ns
    assert shipped("two.html", "<p class=b>Other words.") == ".a{--ink: red;}\n.b{left: 0;}"
    assert sheet.stat().st_mtime_ns == written
    assert shipped("two.html", "<p>") == ".a{--ink: red;}"
    (tmp_path / "_static" / "late.js").write_text("p.classList.add('c')")
    assert shipped("two.html", "<p>") == ".a{--ink: red;}\n.c{left: 0;}"

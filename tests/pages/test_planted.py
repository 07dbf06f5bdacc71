"""The visits are watched: each fault, planted on a page, is found in the views that show it."""

import os

import pytest

from . import visit

pytestmark = pytest.mark.browser

PAGE = "<!doctype html><html lang=en><title>A page</title><main><h1>A page</h1>{}</main></html>"
ALL, DARK = set(visit.VIEWS), {view for view in visit.VIEWS if view[1] == "dark"}
NARROW = {view for view in visit.VIEWS if view[0] == 390}
PICTURE = "data:image/gif;base64,R0lGODlhAQABAAAAACw="
# Two pictures that load, one red and one black.
FIGURE = """<figure class="trial-explore"><label>lam <input type="range"
max="2" value="1" aria-valuetext="1"></label>
<output>1</output><p class="trial-sentence">One dot.</p><img alt="One dot." src="{red}"><script>
const figure = document.currentScript.parentNode, image = figure.querySelector("img");
const value = (at) => figure.querySelector("output").textContent = at;
figure.querySelector("input").oninput = (event) => {{
  const at = event.target.value;
  event.target.setAttribute("aria-valuetext", value(at));
  {move}
}};
const say = (words) => image.alt = figure.querySelector("p").textContent = words;
</script></figure>"""
SVG = "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'>{}</svg>"
RED, BLACK = SVG.format("<path stroke='red' d='M0 0h9'/>"), SVG.format("<path d='M0 0h9v9'/>")
DRAW = f"""image.src = at == 1 ? "{RED}" : "{BLACK}".replace("h9v9", `h9v${{at}}`);"""
SAY = """say(at == 1 ? "One dot." : "Dot " + at);"""
MOVE = DRAW + SAY
WIDE = '<pre style="width: 99px; overflow: auto" {}>A line that is longer than its box is.</pre>'
QUIZ = """<form class="trial-quiz"><fieldset><legend>Which?</legend>
<label><input type="radio" name="a" value="1" data-words="Right.">A</label>
<label><input type="radio" name="a" value="" data-words="No.">B</label><p role="status"></p>
</fieldset><script>document.querySelector("fieldset").onchange = ({{ target }}) => {{
  {chosen}
}}</script></form>"""
CHOSEN = """document.querySelector("[role=status]").textContent = target.dataset.words;
target.closest("label").className = target.value ? "right" : "wrong";"""
# What stands on a page, the fault it must be blamed for, and the views that must blame it.
PLANTED = {
    "nothing": ("<p>Text.</p>", "", set()),
    "a live slider": (FIGURE.format(red=RED, move=MOVE), "", set()),
    "a picture from another host": ('<img src="http://127.0.0.2:9/a.png" alt="A.">', "asks", ALL),
    "a missing file": ('<img src="gone.png" alt="A dot.">', "404", ALL),
    "a broken picture": ('<img src="favicon.ico" alt="A dot.">', "broken picture", ALL),
    "a script error": ("<script>nothing.at.all</script>", "script error", ALL),
    "a console error": ("<script>console.error('no')</script>", "console: no", ALL),
    "a console error in the dark": (
        "<script>matchMedia('(prefers-color-scheme: dark)').onchange = () => "
        "console.warn('no')</script>",
        "console: no",
        ALL,  # who is to blame is only known to the load
    ),
    "something too wide": ('<p style="width:3000px">Text.</p>', "wider than the screen", ALL),
    "something too wide for a telephone": ('<p style="width:500px">A.</p>', "wider", NARROW),
    "a picture without words": (
        f'<img src="{PICTURE}">',
        "axe image-alt",
        ALL,
    ),
    "pale words": ('<p style="color:#ddd">Text.</p>', "axe color-contrast", ALL),
    "words that are pale in the dark": (
        "<style>@media (prefers-color-scheme: dark) {p {color: #ddd}}</style><p>Text.</p>",
        "axe color-contrast",
        DARK,
    ),
    "a dead slider": (FIGURE.format(red=RED, move=""), "slider 1 (lam) is dead", ALL),
    "a slider that moves its words alone": (
        FIGURE.format(red=RED, move=SAY),
        "is dead",
        ALL,
    ),
    "a slider that moves its picture alone": (
        FIGURE.format(red=RED, move=DRAW),
        "is dead",
        ALL,
    ),
    "a slider without keys": (
        FIGURE.format(red=RED, move=MOVE).replace(
            "</script>",
            """
document.querySelector("input").onkeydown = (event) => event.preventDefault();</script>""",
        ),
        "by Home is dead",
        ALL,
    ),
    "a slider without a mouse": (
        FIGURE.format(red=RED, move=MOVE).replace("<input", '<input style="pointer-events: none"'),
        "slider 1 (lam) is dead",
        ALL,
    ),
    "a slider that says its old value": (
        FIGURE.format(red=RED, move=MOVE).replace("value(at));", "value(at) && 1);"),
        "other words than it says",
        ALL,
    ),
    "a slider that changes the height of its figure": (
        FIGURE.format(red=RED, move=MOVE + "figure.style.paddingTop = `${at}px`;"),
        "pixels high while a reader drags",
        ALL,
    ),
    "a box that scrolls and is no stop": (WIDE.format(""), "scrolls and is no stop", ALL),
    "a box that scrolls and is a stop": (WIDE.format("tabindex=0"), "", set()),
    "a box that scrolls under another name": (
        WIDE.format('tabindex=0 role=group aria-label="table" data-scroll-name="listing"'),
        "scrolls under another name",
        ALL,
    ),
    "a stop that does not scroll": ("<pre tabindex=0>Text.</pre>", "does not scroll", ALL),
    "a folded box that scrolls and is no stop": (
        f"<details><summary>Open</summary>{WIDE.format('')}</details>",
        "scrolls and is no stop",
        ALL,
    ),
    "something whose style is lost": ('<p class="sd-gone">A.</p>', "have lost .sd-gone", NARROW),
    "something whose style is lost once a button is pressed": (
        """<button class="copybtn" onclick="this.className = 'sd-gone'">Copy</button>""",
        "have lost .sd-gone",
        NARROW,  # it is looked for once a page
    ),
    "a link in what is drawn of a formula": (
        f'<span class="katex-html" aria-hidden="true">{"<i>x</i>" * 9}<a href="#">y</a></span>',
        "axe aria-hidden-focus",
        ALL,
    ),
    "a role that is none": ('<p role="nothing">Text.</p>', "axe aria-roles", ALL),
    "a broken anchor": ('<a href="#nowhere">A place.</a>', "broken anchor: nowhere", ALL),
    "too many bytes": (f"<!--{os.urandom(500_000).hex()}-->", "kB at first view", ALL),
    "too many requests": (
        "".join(f'<img src="favicon.svg?{k}" alt="A dot.">' for k in range(25)),
        "requests at first view",
        ALL,
    ),
    "a script for mathematics": ('<script src="mathjax.js"></script>', "loads http", ALL),
    "text that jumps": (
        # Only what was painted can jump.
        """<div id="late"></div><p style="height:300px">Text.</p><script>
new PerformanceObserver(() => document.querySelector("#late").style.height = "300px")
  .observe({ type: "paint", buffered: true });</script>""",
        "the layout shifts",
        ALL,
    ),
    "a pale word among many": (
        "<p>Text.</p>" * 9 + '<p>Text, <span style="color:#ddd">pale</span>.</p>',
        "axe color-contrast",
        ALL,
    ),
    "words on a ground too dark": (
        "<p>Text.</p>" * 9 + '<div style="background:#333"><p>Text.</p></div>',
        "axe color-contrast",
        ALL,
    ),
    "a dead quiz": (QUIZ.format(chosen=""), "does not answer", ALL),
    "a live quiz": (QUIZ.format(chosen=CHOSEN), "", set()),
    "a quiz that praises what is wrong": (
        QUIZ.format(chosen=CHOSEN.replace('"wrong"', '"right"')),
        "does not answer to its choice 2",
        ALL,
    ),
    "a slider whose picture is missing": (
        FIGURE.format(
            red=RED,
            move=MOVE.replace(BLACK, "gone.png?${at}").replace(
                '"gone.png?${at}"', "`gone.png?${at}`"
            ),
        ),
        "no picture",
        ALL,
    ),
}


@pytest.fixture(scope="module")
def planted(have_chromium, serve, tmp_path_factory):
    """What is found on a page for each planted fault, in the future."""
    folder = tmp_path_factory.mktemp("planted")
    (folder / "favicon.ico").write_bytes(b"")
    (folder / "favicon.svg").write_text(RED.partition(",")[2])
    (folder / "mathjax.js").write_text("")
    names = {name: f"{k}.html" for k, name in enumerate(PLANTED)}
    for name, (body, *_) in PLANTED.items():
        (folder / names[name]).write_text(PAGE.format(body))
    with visit.visits(visit.Site(serve(folder), [".sd-gone"]), names.values()) as found:
        yield {name: found[names[name]] for name in names}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_fault_is_seen(planted, name):
    _, word, views = PLANTED[name]
    found = planted[name].result()
    blamed = {view for view, faults in found.items() if any(word in f for f in faults)}
    assert blamed == views

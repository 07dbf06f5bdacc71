"""What the stock styles have lost on their way into the book, as the browser reads them."""

import re
from collections import Counter

CUSTOM = re.compile(r"(--[\w-]+): ")
ASKED = re.compile(r"var\(\s*(--[\w-]+)")


def rows(page, css):
    """Counts of (conditions, selector, declarations) in a style sheet."""
    return Counter(map(tuple, page.evaluate("css => styles.read(css)", css)))


def sheets(page, html):
    """The stock styles before and after."""
    whole = html.parent / ".doctrees" / "stock.css"
    assert whole.is_file(), "the folder .doctrees beside the book is needed: build it anew"
    files = (whole, html / "_static" / "stock.css")
    return tuple(rows(page, path.read_text("utf-8")) for path in files)


def lost(whole, shipped, html):
    """Selectors of which a declaration is lost; of custom properties those that are asked for."""
    files = [*html.rglob("*.html"), *(html / "_static").rglob("*.js"), html / "_static/trial.css"]
    said = "".join(words for _, _, words in shipped)
    asked = set(ASKED.findall(said.join(path.read_text("utf-8") for path in files)))
    selectors = set()
    for _, selector, words in whole - shipped:
        custom = CUSTOM.match(words)
        if selector[0] != "@" and (not custom or custom[1] in asked):
            selectors.add(selector)
    return sorted(selectors)

"""Take out of a style sheet what no page can show: rules, properties, fonts, animations.

A rule stays wherever it might apply. Its selector asks for names (classes, ids, tags, attributes),
and it goes only if one of them stands on no page and in no script that could write it there. Which
element stands in which, what an attribute's value is, and every state (`:hover`, `:not(...)`) count
as possible.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import tinycss2

TAG = re.compile(r"""<([a-zA-Z][\w-]*+)((?:[^"'>]++|"[^"]*+"|'[^']*+')*+)>""")
ATTRIBUTE = re.compile(r"""([^\s"'=<>/]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?""")
INLINE = re.compile(r"<(?:script|style)\b[^>]*>(.*?)</(?:script|style)>", re.DOTALL)
WORD = re.compile(r"[\w-]+")
# Where a script joins a name from parts, as in `bs-${kind}-auto`, its two ends stand there.
START = re.compile(r"""([A-Za-z][\w-]*-)(?=["'`]|\$\{)""")
END = re.compile(r"""(?<=["'`}])(-[A-Za-z][\w-]*)""")
IMPLIED = {
    "html",
    "head",
    "body",
    "tbody",
    "colgroup",
}  # a browser adds them where they are missing
ANY_OF = {"is", "where", "has", "host", "-webkit-any"}
GROUPS = {"media", "supports", "layer", "container"}
FRAMES = {"keyframes", "-webkit-keyframes", "-moz-keyframes"}
BARE = {"skip_comments": True, "skip_whitespace": True}


@dataclass(frozen=True)
class Names:
    """Names that may stand on a page: whole ones, and the ends of those that scripts join."""

    whole: frozenset[str]
    starts: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()

    def __contains__(self, name: str) -> bool:
        return name in self.whole or name.startswith(self.starts) or name.endswith(self.ends)


def find_names(pages: Iterable[str], scripts: Iterable[str]) -> Names:
    """What stands in the tags of the pages, and every word of their scripts."""
    whole, code = set(IMPLIED), set(scripts)
    tags: set[tuple[str, str]] = set()
    for page in pages:
        tags.update(TAG.findall(page))
        code.update(INLINE.findall(page))
    for tag, attributes in tags:
        whole.add(tag.lower())
        for name, *values in ATTRIBUTE.findall(attributes):
            whole.add(name.lower())
            if name.lower() in ("class", "id"):
                whole.update("".join(values).split())
            elif name.lower() == "style":
                whole.update(WORD.findall("".join(values)))
    for text in code:
        words = set(WORD.findall(text))
        whole |= words | {word.lower() for word in words}  # `tabIndex` sets `tabindex`
    starts = {start for text in code for start in START.findall(text)}
    ends = {end for text in code for end in END.findall(text)}
    return Names(frozenset(whole), tuple(sorted(starts)), tuple(sorted(ends)))


def alternatives(tokens: Iterable[Any]) -> Iterator[list[Any]]:
    """The parts of a selector list."""
    part: list[Any] = []
    for token in tokens:
        if token.type == "literal" and token.value == ",":
            yield part
            part = []
        else:
            part.append(token)
    yield part


def possible(selector: Iterable[Any], names: Names) -> bool:
    """Whether everything that one selector names may stand on a page."""
    before = None
    for token in selector:
        asked = ""
        if token.type == "ident" and before != ":":
            asked = token.value if before == "." else token.lower_value
        elif token.type == "hash":
            asked = token.value
        elif token.type == "[] block":
            asked = next((t.lower_value for t in token.content if t.type == "ident"), "")
            if asked.startswith(("data-", "aria-")):  # `dataset.toggleHint` sets `data-toggle-hint`
                asked = ""
        elif token.type == "function" and token.lower_name in ANY_OF:
            if not any(possible(part, names) for part in alternatives(token.arguments)):
                return False
        if asked and asked not in names:
            return False
        before = token.value if token.type == "literal" else None
    return True


def narrowed(selectors: Iterable[Any], names: Names) -> list[list[Any]]:
    """Those of a rule's selectors that are possible.

    One with a maker's prefix stays with them: to other browsers it makes the whole rule void, and
    that must not change.
    """
    parts = list(alternatives(selectors))
    able = [possible(part, names) for part in parts]
    keep = [
        good or ":-" in tinycss2.serialize(part) for part, good in zip(parts, able, strict=True)
    ]
    return [part for part, kept in zip(parts, keep, strict=True) if kept] if any(able) else []


def declared(content: Iterable[Any]) -> list[Any]:
    """What stands between two braces; what is no declaration, a browser skips too."""
    nodes = tinycss2.parse_blocks_contents(content, **BARE)
    return [node for node in nodes if node.type != "error"]


def inner(node: Any) -> list[Any]:
    """The rules inside an at-rule."""
    return tinycss2.parse_rule_list(node.content, **BARE)


def title(node: Any) -> str:
    """The name under which a font or an animation is asked for."""
    if node.lower_at_keyword in FRAMES:
        return tinycss2.serialize(node.prelude)
    family = [d.value for d in declared(node.content) if d.lower_name == "font-family"]
    return tinycss2.serialize(family[0])


def asked_words(nodes: Iterable[Any]) -> Iterator[str]:
    """Every word in a value: properties, fonts and animations that somebody asks for."""
    for node in nodes:
        if node.type == "declaration":
            yield from WORD.findall(tinycss2.serialize(node.value))
        elif node.type == "qualified-rule":
            yield from asked_words(declared(node.content))
        elif node.type == "at-rule" and node.lower_at_keyword in GROUPS | FRAMES and node.content:
            yield from asked_words(inner(node))


def shorten(nodes: Iterable[Any], names: Names, asked: set[str]) -> Iterator[str]:
    """The text of what may apply and is asked for."""
    for node in nodes:
        word = node.lower_at_keyword if node.type == "at-rule" else ""
        if node.type == "qualified-rule":
            parts = narrowed(node.prelude, names)
            body = [
                d
                for d in declared(node.content)
                if d.type != "declaration" or not d.name.startswith("--") or d.name in asked
            ]
            if parts and body:
                selector = ",".join(tinycss2.serialize(part).strip() for part in parts)
                yield f"{selector}{{{tinycss2.serialize(body)}}}"
        elif word in GROUPS and node.content is not None:
            rules = "".join(shorten(inner(node), names, asked))
            if rules:
                yield f"@{node.at_keyword}{tinycss2.serialize(node.prelude)}{{{rules}}}"
        elif word == "font-face" or word in FRAMES:
            if set(WORD.findall(title(node))) <= asked:
                yield node.serialize()
        elif word:
            yield node.serialize()


def purge(css: str, names: Names, elsewhere: str = "") -> str:
    """The style sheet without what no page can show; `elsewhere` may ask for its properties."""
    outside = names.whole | set(WORD.findall(elsewhere))
    while True:
        nodes = tinycss2.parse_stylesheet(css, **BARE)
        text = "\n".join(shorten(nodes, names, outside | set(asked_words(nodes))))
        if text == css:  # what only a dropped property asked for is dropped in the next turn
            return text
        css = text

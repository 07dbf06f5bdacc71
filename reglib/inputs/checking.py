"""The decorator that reads what a function declares of its arguments, and the words of an error."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from inspect import Parameter, signature, unwrap
from types import FunctionType
from typing import Any, NamedTuple, TypeVar, get_args

T = TypeVar("T")
FILE = "<checked>"
"""Where the functions are that `checked` writes."""
PASSED = {
    Parameter.KEYWORD_ONLY: "{0}={0}",
    Parameter.VAR_POSITIONAL: "*{0}",
    Parameter.VAR_KEYWORD: "**{0}",
}


def shown(value: Any) -> str:
    """The offending value, short enough for one line of a traceback."""
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else text[:57] + "..."


class Beside(NamedTuple):
    """rule(name, value, other): it looks at another argument, or at the object's attribute."""

    other: str
    rule: Callable[[str, Any, Any], Any]


def checked(thing: T) -> T:
    """A function, or a class with all its methods, that checks and converts what it declares.

    The annotation Annotated[type, rule, ...] declares an argument: each rule(name, value) returns
    what the body is given, or raises an error. With `| None` beside it a None may pass. For

        def prox(self, w: Weights, step: Positive) -> Array: ...

    a function is written once, as `dataclass` writes an `__init__`:

        def prox(self, w, step):
            w = floats("w", w)
            step = positive("step", step)
            return body(self, w, step)

    Above `@dataclass` it checks the fields too, which are arguments of `__init__`. A dataclass made
    of such a class has an `__init__` of its own, and says `@checked` again.
    """
    if isinstance(thing, type):
        for name, method in list(vars(thing).items()):
            if isinstance(method, FunctionType):
                setattr(thing, name, checked(method))
        return thing
    if thing.__code__.co_filename == FILE:
        return thing
    names, lines, rules = signature(thing).parameters, [], {"body": thing}
    for name in names:
        for optional, rule in _declared(thing, name):
            seen = f"{name!r}, {name}"
            if isinstance(rule, Beside):
                seen += f", {'' if rule.other in names else 'self.'}{rule.other}"
                rule = rule.rule
            lines.append(f"{f'if {name} is not None: ' * optional}{name} = _{len(rules)}({seen})")
            rules[f"_{len(rules)}"] = rule
    return _written(thing, lines, rules) if lines else thing


def _declared(function: Any, name: str) -> Iterator[tuple[bool, Any]]:
    """Whether None may pass, and each rule in the annotation of an argument."""
    kind = function.__annotations__.get(name)
    if isinstance(kind, str):  # as all are after `from __future__ import annotations`
        kind = eval(kind, unwrap(function).__globals__)  # under errstate it is numpy's
    optional = type(None) in get_args(kind)
    for part in get_args(kind) if optional else (kind,):
        yield from ((optional, rule) for rule in getattr(part, "__metadata__", ()))


def _written(function: Any, lines: list[str], rules: dict[str, Any]) -> Any:
    """These lines and then the given function, in a function that lives in the same module."""
    plain, name = signature(function), function.__name__
    empty, parameters = plain.empty, plain.parameters.values()
    passed = ", ".join(PASSED.get(p.kind, "{0}").format(p.name) for p in parameters)
    bare = [
        p.replace(annotation=empty, default=empty if p.default is empty else None)
        for p in parameters
    ]
    head = f"def {name}{plain.replace(parameters=bare, return_annotation=empty)}:"
    inside = "\n  ".join([head, *lines, f"return body({passed})"])
    text = f"def write({', '.join(rules)}):\n {inside}\n return {name}"
    exec(compile(text, FILE, "exec"), unwrap(function).__globals__, found := {})
    written = found["write"](**rules)
    written.__defaults__, written.__kwdefaults__ = function.__defaults__, function.__kwdefaults__
    return wraps(function)(written)

"""The decorator that reads what a function declares of its arguments."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from inspect import Parameter, signature
from types import FunctionType
from typing import Any, NamedTuple, TypeVar, get_args

T = TypeVar("T")
FILE = "<checked>"
PASSED = {
    Parameter.KEYWORD_ONLY: "{0}={0}",
    Parameter.VAR_POSITIONAL: "*{0}",
    Parameter.VAR_KEYWORD: "**{0}",
}


class Beside(NamedTuple):
    """rule(name, value, other): one that looks at another argument, or attribute of the object."""

    other: str
    rule: Callable[[str, Any, Any], Any]


def checked(thing: T) -> T:
    """The function, or the class with all its methods, whose arguments are what they are declared.

    An annotation Annotated[type, rule, ...] is such a declaration: rule(name, value) returns what
    the body is given, or raises an error. `| None` lets a None pass. For

        def prox(self, w: Weights, step: Positive) -> Array: ...

    a function is written, once, as `dataclass` writes an `__init__`:

        def prox(self, w, step):
            w = floats("w", w)
            step = positive("step", step)
            return body(self, w, step)

    Above `@dataclass` it checks the fields too, as arguments of `__init__`; a dataclass made from
    such a class has a new `__init__`, and says `@checked` again.
    """
    if isinstance(thing, type):
        for name, method in list(vars(thing).items()):
            if isinstance(method, FunctionType):
                setattr(thing, name, checked(method))
        return thing
    if thing.__code__.co_filename == FILE:
        return thing
    names, lines, rules = signature(thing).parameters, [], {"_body": thing}
    for name in names:
        for optional, rule in _rules(thing, name):
            about = f"{name!r}, {name}"
            if isinstance(rule, Beside):
                about += f", {'' if rule.other in names else 'self.'}{rule.other}"
                rule = rule.rule
            rules[label := f"_rule{len(rules)}"] = rule
            lines.append(f"{f'if {name} is not None: ' * optional}{name} = {label}({about})")
    return _written(thing, lines, rules) if lines else thing


def _rules(function: Any, name: str) -> Iterator[tuple[bool, Any]]:
    """Whether None may pass, and each rule in the annotation of an argument."""
    kind = function.__annotations__.get(name)
    if isinstance(kind, str):  # as all are after `from __future__ import annotations`
        kind = eval(kind, function.__globals__)
    optional = type(None) in get_args(kind)
    for part in get_args(kind) if optional else (kind,):
        for rule in getattr(part, "__metadata__", ()):
            yield optional, rule


def _written(function: Any, lines: list[str], rules: dict[str, Any]) -> Any:
    """The function that runs these lines and then the given one, in whose module it lives."""
    plain = signature(function)
    parameters = [
        p.replace(annotation=p.empty, default=p.empty if p.default is p.empty else None)
        for p in plain.parameters.values()
    ]
    head = plain.replace(parameters=parameters, return_annotation=plain.empty)
    passed = ", ".join(PASSED.get(p.kind, "{0}").format(p.name) for p in parameters)
    lines = [f"def {function.__name__}{head}:", *lines, f"return _body({passed})"]
    text = f"def create({', '.join(rules)}):\n " + "\n  ".join(lines)
    made: dict[str, Any] = {}
    code = compile(f"{text}\n return {function.__name__}", FILE, "exec")
    exec(code, function.__globals__, made)
    made = made["create"](**rules)
    made.__defaults__, made.__kwdefaults__ = function.__defaults__, function.__kwdefaults__
    return wraps(function)(made)

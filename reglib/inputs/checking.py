"""The decorator that reads what a function declares of its arguments, and the words of an error."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from functools import wraps
from inspect import Parameter, signature, unwrap
from types import FunctionType
from typing import Any, NamedTuple, TypeVar, get_args

import numpy as np

T = TypeVar("T")
FILE = "<checked>"
"""Where the functions are that `checked` writes."""
OUTER = """_inner = {0}
 def {0}(*args, **given):
  try: return _inner(*args, **given)
  except TypeError as error: raise _elsewhere(error, given, _names)
 return _inner, {0}"""
INSIDE = ContextVar("inside", default=False)
"""Whether NumPy is quiet already: a loop's calls need not hush it again."""
PASSED = {
    Parameter.KEYWORD_ONLY: "{0}={0}",
    Parameter.VAR_POSITIONAL: "*{0}",
    Parameter.VAR_KEYWORD: "**{0}",
}
ELSEWHERE = {
    "lam": "alpha C lambda_ weight_decay",
    "lams": "alphas Cs lambdas",
    "learning_rate": "lr learning_rate_init eta0",
    "step": "lr learning_rate step_size stepsize",
    "rate": "lr learning_rate init_value initial_learning_rate",
    "beta": "momentum decay rho",
    "beta1": "b1 betas",
    "beta2": "b2",
    "eps": "epsilon",
    "delta": "epsilon",
    "max_norm": "clip_norm max_delta",
    "rng": "random_state seed key",
    "k": "n_splits",
    "w0": "x0 coef_init init_params",
    "max_iter": "maxiter n_iter",
    "intercept": "fit_intercept",
    "n_epochs": "epochs max_epochs",
    "activation": "nonlinearity",
    "hidden": "hidden_size",
    "sizes": "hidden_layer_sizes",
}
"""Our word -> what other libraries call it."""
UNITS = dict.fromkeys(["lam", "lams"], ", in units of its own (see reglib.conventions)")


def shown(value: Any) -> str:
    """The offending value, short enough for one line of a traceback."""
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else text[:57] + "..."


def flag(name: str, value: Any) -> Any:
    """The rule for every argument that is annotated as a plain bool."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be True or False, got {shown(value)}")
    return value


class Beside(NamedTuple):
    """rule(name, value, other): it looks at another argument, or at the object's attribute."""

    other: str
    rule: Callable[[str, Any, Any], Any]


def checked(thing: T) -> T:
    """A function, or a class with all its methods, that checks and converts what it declares.

    The annotation Annotated[type, rule, ...] declares an argument: each rule(name, value) returns
    what the body is given, or raises an error. With `| None` beside it a None may pass; a plain
    bool is `flag`. For

        def prox(self, w: Weights, step: Positive) -> Array: ...

    a function is written once, as `dataclass` writes an `__init__`:

        def prox(self, w, step):
            w = floats("w", w)
            step = positive("step", step)
            try:
                return body(self, w, step)
            except ValueError as error:
                raise misfit(error, {"self": self, "w": w, "step": step}) from error

    Inside it NumPy warns of no overflow: divergence is a result. Above `@dataclass` it checks the
    fields too, which are arguments of `__init__`. A dataclass made of such a class has an
    `__init__` of its own, and says `@checked` again.
    """
    if isinstance(thing, type):
        for name, method in list(vars(thing).items()):
            if isinstance(method, FunctionType):
                setattr(thing, name, checked(method))
        return thing
    if thing.__code__.co_filename == FILE:
        return thing
    names, lines = signature(thing).parameters, []
    rules = {"_body": thing, "_quiet": quiet(thing), "_inside": INSIDE.get}
    rules |= {"_misfit": misfit, "_elsewhere": elsewhere, "_names": names}
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
        kind = eval(kind, unwrap(function).__globals__)
    optional = type(None) in get_args(kind)
    if kind is bool or set(get_args(kind)) == {bool, type(None)}:
        yield optional, flag
    for part in get_args(kind) if optional else (kind,):
        yield from ((optional, rule) for rule in getattr(part, "__metadata__", ()))


def _written(function: Any, lines: list[str], rules: dict[str, Any]) -> Any:
    """These lines and then the given function, in a function that lives in the same module."""
    plain, name = signature(function), function.__name__
    empty, parameters = plain.empty, plain.parameters.values()
    passed = ", ".join(PASSED.get(p.kind, "{0}").format(p.name) for p in parameters)
    given = ", ".join(f"{p.name!r}: {p.name}" for p in parameters)
    bare = [
        p.replace(annotation=empty, default=empty if p.default is empty else None)
        for p in parameters
    ]
    head = f"def {name}{plain.replace(parameters=bare, return_annotation=empty)}:"
    lines = [head, *lines, f"try: return (_body if _inside() else _quiet)({passed})"]
    lines += [f"except ValueError as error: raise _misfit(error, {{{given}}})"]
    text = f"def write({', '.join(rules)}):\n " + "\n  ".join(lines) + f"\n {OUTER.format(name)}"
    exec(compile(text, FILE, "exec"), unwrap(function).__globals__, found := {})
    written, outer = found["write"](**rules)
    written.__defaults__, written.__kwdefaults__ = function.__defaults__, function.__kwdefaults__
    written.__qualname__ = function.__qualname__
    method = "." in function.__qualname__.rpartition("<locals>.")[2] and name != "__init__"
    return wraps(function)(written if method else outer)  # in a loop every call counts


def elsewhere(error: TypeError, given: dict[str, Any], names: Iterable[str]) -> TypeError:
    """Python's word for an argument that is not there, and the name that it has here."""
    if error.__traceback__.tb_next:  # from inside the function
        return error
    for ours in names:
        for word in set(ELSEWHERE.get(ours, "").split()) & set(given) - set(names):
            here = f"here it is {ours}{UNITS.get(ours, '')}, got {word}={shown(given[word])}"
            return TypeError(f"{error}; {here}")
    return error


def quiet(body: Any) -> Any:
    """The same, without a word from NumPy on what overflows."""

    def run(*args: Any, **given: Any) -> Any:
        before = INSIDE.set(True)
        try:
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                return body(*args, **given)
        finally:
            INSIDE.reset(before)

    return run


def misfit(error: ValueError, given: dict[str, Any]) -> ValueError:
    """NumPy's word for axes that do not fit together, in ours; any other error as it came."""
    if "broadcast" not in str(error):
        return error
    each = ", ".join(f"{shape} of {name}" for name, shape in _shapes("", given))
    return ValueError(f"axes must fit together, got {each}; give each sweep an axis of its own")


def _shapes(name: str, value: Any) -> Iterator[tuple[str, tuple[int, ...]]]:
    """The arrays in a dict of arguments, and the swept numbers in whatever else is there."""
    for key, part in (value if isinstance(value, dict) else vars(value)).items():
        label = f"{name}.{key}".removeprefix(".").removeprefix("self.")
        if isinstance(part, np.ndarray) and (not name or part.shape[-1:] == (1,)):
            yield label, part.shape
        elif hasattr(part, "__dict__"):
            yield from _shapes(label, part)

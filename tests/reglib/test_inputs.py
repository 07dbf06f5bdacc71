"""`checked`: what is declared is converted, and nothing else about a function or class changes."""

from __future__ import annotations

import copy
import inspect
import pickle
from dataclasses import FrozenInstanceError, dataclass, replace
from typing import Annotated

import numpy as np
import pytest

from reglib import losses, penalties, training, tuning
from reglib.inputs import Beside, Count, Flag, Mask, NonNegative, Positive, Weights, checked


@checked
def scaled(w: Weights, /, step: Positive = 2.0, *more: str, mask: Mask | None = None, **other: int):
    """w step."""
    return w * step, more, mask, other


def test_arguments_come_converted_however_they_are_passed():
    w, more, mask, other = scaled([1, 2], 3, "a", mask=[True, False], b=1)
    assert w.tolist() == [3.0, 6.0] and w.dtype == float
    assert more == ("a",) and mask.dtype == bool and other == {"b": 1}
    assert scaled([1])[0].tolist() == [2.0] and scaled([1], step=[[4]])[0].tolist() == [[4.0]]
    assert scaled([1], mask=None)[2] is None


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: scaled(["a"]), TypeError, "w must be an array of real numbers"),
        (lambda: scaled([1], step=0), ValueError, "step must be finite and > 0, got 0"),
        (lambda: scaled([1], mask=[1]), TypeError, "mask must be an array of True and False"),
        (lambda: scaled(), TypeError, r"scaled\(\) missing 1 required positional argument: 'w'"),
        (lambda: scaled(w=[1]), TypeError, r"scaled\(\) (got some|missing)"),
    ],
)
def test_an_argument_that_does_not_fit_is_named(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_a_checked_function_is_still_found_documented_and_shown():
    assert scaled.__doc__ == "w step." and scaled.__name__ == "scaled"
    assert list(inspect.signature(scaled).parameters) == ["w", "step", "more", "mask", "other"]
    assert inspect.signature(scaled).parameters["step"].default == 2.0
    assert inspect.getsource(scaled).startswith("@checked\ndef scaled(")
    assert pickle.loads(pickle.dumps(scaled)) is scaled
    assert tuning.kfold.__globals__ is vars(tuning.folds)  # or doctest would pass it by
    assert inspect.getsource(penalties.L2).startswith("@checked\n@dataclass(")
    assert list(inspect.signature(training.train).parameters)[:3] == [
        "objective",
        "optimizer",
        "w0",
    ]


@checked
def returned(w: Weights):
    return w


def test_an_array_of_floats_is_neither_copied_nor_changed():
    assert returned(w := np.ones(3)) is w
    assert losses.SquaredError(X := np.ones((2, 3)), np.ones(2)).X is X


def test_a_function_without_a_kind_is_left_as_it_is():
    def plain(a: int, b: str = "b"):
        return a, b

    assert checked(plain) is plain and checked(scaled) is scaled


def at_most(name, value, bound):
    if value > bound:
        raise ValueError(f"{name} must be <= {bound}, got {value}")
    return value


Low = Annotated[float, Beside("bound", at_most)]


@checked
class Bounded:
    bound = 3

    def of_the_object(self, x: Low):
        return x

    def of_the_call(self, bound: Count, x: Low):
        return x


def test_a_rule_beside_another_argument_sees_it_or_the_attribute():
    assert Bounded().of_the_object(3) == 3 and Bounded().of_the_call(x=4, bound=5) == 4
    for call in (lambda: Bounded().of_the_object(4), lambda: Bounded().of_the_call(1, x=2)):
        with pytest.raises(ValueError, match="x must be <= "):
            call()


@checked
@dataclass(frozen=True, eq=False)
class Kept:
    lam: NonNegative
    on: Flag = True


class Inherited(Kept):
    pass


@checked
@dataclass(frozen=True, eq=False)
class Extended(Kept):
    step: Positive = 1.0

    def __post_init__(self):
        object.__setattr__(self, "product", self.lam * self.step)


def test_the_fields_of_a_dataclass_are_converted_once_and_stay_frozen():
    assert type(Kept(1).lam) is float and type(Inherited(2).lam) is float
    assert Extended(2, step=3).product == 6.0
    assert replace(Kept(1.0), lam=2).lam == 2.0 and pickle.loads(pickle.dumps(Kept(3))).lam == 3.0
    assert copy.deepcopy(Kept(1.0)) != Kept(1.0) and repr(Kept(1)) == "Kept(lam=1.0, on=True)"
    for make in (Kept, Inherited, Extended):
        with pytest.raises(ValueError, match="lam must be finite and >= 0, got -1"):
            make(-1)
        with pytest.raises(TypeError, match="on must be True or False, got 1"):
            make(1.0, on=1)
    with pytest.raises(FrozenInstanceError):
        Kept(1.0).lam = -1


def test_a_swept_field_is_a_read_only_copy():
    lam = np.array([[1.0], [2.0]])
    kept = Kept(lam)
    lam[0] = -1
    assert kept.lam.tolist() == [[1.0], [2.0]]
    with pytest.raises(ValueError, match="read-only"):
        kept.lam[0] = 0

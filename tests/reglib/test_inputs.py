"""`checked`: what is declared is converted, and nothing else about a function or class changes."""

from __future__ import annotations

import copy
import inspect
import pickle
from dataclasses import FrozenInstanceError, dataclass, replace
from typing import Annotated

import numpy as np
import pytest

from reglib import losses, optimizers, penalties, solvers, training, tuning
from reglib.inputs import Beside, Count, Mask, NonNegative, Positive, Weights, checked


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
    on: bool = True


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


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: penalties.L2(alpha=1.0), "L2.* unexpected .*'alpha'; here it is lam, in units"),
        (lambda: solvers.ridge(np.eye(2), [1, 2], alpha=3), r"ridge\(\) got .* got alpha=3$"),
        (lambda: solvers.newton(C=1.0), "here it is lam, in units of its own .*, got C=1.0"),
        (lambda: optimizers.Optimizer(lr=0.1), "here it is learning_rate, got lr=0.1"),
        (lambda: optimizers.AdamScaling(betas=(0.9, 0.99)), "here it is beta1, got betas=.0.9,"),
        (lambda: optimizers.Cosine(lr=0.1), "here it is rate"),
        (lambda: tuning.kfold(9, n_splits=3), "here it is k, got n_splits=3"),
        (lambda: losses.HuberLoss(np.eye(2), [1, 2], epsilon=1.35), "here it is delta"),
    ],
)
def test_the_word_of_another_library_is_answered_with_ours(call, words):
    with pytest.raises(TypeError, match=words):
        call()


def test_an_error_of_the_body_and_a_word_that_nobody_uses_stay_as_they_are():
    @checked
    def inside(lam: NonNegative):
        raise TypeError("from inside")

    with pytest.raises(TypeError, match="^from inside$"):
        inside(1.0)
    with pytest.raises(TypeError, match=r"got an unexpected keyword argument 'mu'$"):
        penalties.L2(mu=1.0)


def test_axes_that_do_not_fit_together_are_named_with_their_shapes():
    w, step = np.ones((3, 2)), [[0.1], [0.2]]
    with pytest.raises(ValueError, match=r"got \(3, 2\) of w, \(2, 1\) of step; give each sweep"):
        penalties.L2(0.1).prox(w, step)
    swept = penalties.L2([[0.1], [0.2]])
    with pytest.raises(ValueError, match=r"got \(2, 1\) of lam, \(3, 2\) of w; give each sweep"):
        swept.value(w)


def test_what_overflows_is_inf_and_no_warning():
    assert penalties.L2(1.0).value([1e300, 1.0]) == np.inf
    assert losses.SquaredError([[1e150, 1.0]], [0.0]).value([1e300, 1.0]) == np.inf


class Attached:
    """As a parameter of another library, which wants to be detached first."""

    def __array__(self, *args, **kwargs):
        raise RuntimeError("call detach() first")


def test_an_array_that_refuses_to_be_one_is_told_with_its_reason():
    with pytest.raises(TypeError, match=r"w must be .* numbers, got .*: call detach\(\) first"):
        scaled(Attached())


def test_what_was_advised_is_not_refused():
    """A number that cannot be swept says so at once, and not after `lam[:, None]` was tried."""
    loss = losses.SquaredError(np.eye(2), [1.0, 2.0])
    for lam in ([0.1, 0.2], [[0.1], [0.2]]):
        with pytest.raises(ValueError, match=r"lam must be a number, got shape \(2,"):
            solvers.newton(loss, lam, [0.0, 0.0])


def test_a_plain_bool_is_a_flag_wherever_it_stands():
    loss, l1 = losses.SquaredError(np.eye(2), [1.0, 2.0]), penalties.L1(0.1)
    with pytest.raises(TypeError, match="accelerated must be True or False, got 'no'"):
        solvers.proximal_gradient(loss, l1, [0.0, 0.0], accelerated="no")
    with pytest.raises(TypeError, match="record must be True or False, got 1"):
        solvers.gradient_descent(loss, l1, [0.0, 0.0], step=0.1, record=1)


def test_a_bool_among_other_types_is_no_flag():
    """As in NumPy 2.0, whose ArrayLike is a union that names it."""

    @checked
    def either(rows: bool | str | None, on: bool | None = None, w: Weights = 1.0):
        return rows

    assert either("all") == "all" and either(None) is None
    with pytest.raises(TypeError, match="on must be True or False, got 'all'"):
        either("all", on="all")


@pytest.mark.parametrize("k", [-1, 2.5, None, "1", np.ones(2), 10**400], ids=str)
def test_a_schedule_has_no_step_before_the_first(k):
    for plan in (optimizers.Cosine(0.1, 9), optimizers.StepDecay(0.1, 3, 0.5)):
        with pytest.raises((ValueError, TypeError), match="k must be"):
            plan.at(k)


@pytest.mark.parametrize("loss", [np.eye(2), None, losses.SquaredError, 3.0], ids=str)
def test_what_is_minimized_is_looked_at_first(loss):
    for solve in (solvers.gradient_descent, solvers.proximal_gradient):
        with pytest.raises(TypeError, match="loss must have the methods value and gradient"):
            solve(loss, penalties.L1(0.1), [0.0, 0.0], step=0.1)

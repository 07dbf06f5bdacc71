"""Learning rates that are rules: planned ones, one that is learned, and how training takes them."""

import numpy as np
import pytest

from reglib.losses import SquaredError
from reglib.optimizers import (
    AdamScaling,
    ClipByNorm,
    Cosine,
    Hypergradient,
    InverseSqrt,
    Momentum,
    Optimizer,
    StepDecay,
    WarmUp,
    WeightDecay,
)
from reglib.penalties import L1, L2
from reglib.training import train

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((12, 4)), RNG.standard_normal(12)
LOSS, W0 = SquaredError(X, Y), RNG.standard_normal(4)
RATES = np.array([0.05, 0.1, 0.2])[:, None]
# Each makes a rule from its first rate, so that the laws below can sweep it.
SCHEDULES = {
    "Cosine": lambda rate: Cosine(rate, 8),
    "Cosine to a floor": lambda rate: Cosine(rate, 8, final=0.01),
    "WarmUp": lambda rate: WarmUp(5, Cosine(rate, 8)),
    "StepDecay": lambda rate: StepDecay(rate, 3, 0.5),
    "InverseSqrt": lambda rate: InverseSqrt(rate, 4),
}
LEARNED = {
    "Hypergradient": lambda rate: Hypergradient(rate, 1e-3),
    "Hypergradient, multiplicative": lambda rate: Hypergradient(rate, 0.02, multiplicative=True),
}
every_schedule = pytest.mark.parametrize("make", SCHEDULES.values(), ids=SCHEDULES)
every_rule = pytest.mark.parametrize(
    "make", (SCHEDULES | LEARNED).values(), ids=SCHEDULES | LEARNED
)


def rates(optimizer, w, gradient, n):
    """The learning rates of n steps, and the last weights."""
    memory, used = optimizer.start(w), []
    for _ in range(n):
        w, memory = optimizer.step(w, gradient=gradient(w), memory=memory)
        used.append(optimizer.rate(memory))
    return used, w


@every_schedule
def test_the_optimizer_uses_the_rate_of_the_plan_at_each_step(make):
    rule = make(0.1)
    optimizer = Optimizer(learning_rate=rule)
    used, w = rates(optimizer, W0, LOSS.gradient, 12)
    assert used == [rule.at(k) for k in range(12)]
    by_hand = W0
    for k in range(12):
        by_hand = by_hand - rule.at(k) * LOSS.gradient(by_hand)
    np.testing.assert_array_equal(w, by_hand)


@every_schedule
def test_a_plan_is_never_negative_nor_above_its_rate(make):
    for k in range(100):
        assert 0 <= make(0.1).at(k) <= 0.1


@every_rule
def test_a_sweep_of_rules_gives_the_numbers_of_a_loop(make):
    for others in ((), (ClipByNorm(0.5), Momentum(0.8))):
        grid = train(LOSS, Optimizer(*others, learning_rate=make(RATES)), W0, n_steps=20)
        for i, rate in enumerate(RATES[:, 0]):
            one = Optimizer(*others, learning_rate=make(float(rate)))
            alone = train(LOSS, one, W0, n_steps=20)
            np.testing.assert_allclose(grid.w[i], alone.w, rtol=1e-12)


@every_rule
def test_inputs_are_never_written_to(make):
    rule, rate = make(RATES), RATES.copy()
    w, g, u = np.ones((3, 3, 4))
    memory = rule.start(w)
    for _ in range(3):
        _, memory = rule.next_rate(gradient=g, update=u, memory=memory)
    for given in (w, g, u):
        np.testing.assert_array_equal(given, 1)
    np.testing.assert_array_equal(RATES, rate)


def test_a_plan_that_stays_is_a_number():
    sentence = ClipByNorm(1.0), Momentum(0.9), WeightDecay(0.1)
    numbers, rules = (Optimizer(*sentence, learning_rate=s) for s in (0.1, StepDecay(0.1, 1, 1.0)))
    runs = [train(LOSS, o, W0, n_steps=30) for o in (numbers, rules)]
    np.testing.assert_array_equal(runs[0].w, runs[1].w)
    assert numbers.rate(numbers.start(W0)) == 0.1 and np.isnan(rules.rate(rules.start(W0)))


def test_a_number_leaves_no_memory_of_its_own():
    assert Optimizer(learning_rate=0.1).start(W0) == ()
    assert len(Optimizer(Momentum(), learning_rate=RATES).start(W0)) == 1


def test_a_cosine_falls_from_its_rate_to_its_final_rate():
    rule = Cosine(0.3, 10, final=0.1)
    np.testing.assert_allclose([rule.at(k) for k in (0, 5, 10, 11, 99)], [0.3, 0.2, 0.1, 0.1, 0.1])
    assert (np.diff([rule.at(k) for k in range(11)]) < 0).all()


def test_a_warm_up_climbs_in_equal_steps_and_goes_on_with_the_plan():
    rule = WarmUp(4, Cosine(0.8, 10))
    np.testing.assert_allclose([rule.at(k) for k in range(4)], [0.2, 0.4, 0.6, 0.8])
    assert [rule.at(k) for k in range(4, 14)] == [Cosine(0.8, 10).at(k) for k in range(1, 11)]
    assert WarmUp(1, Cosine(0.5, 9)).at(0) == 0.5


def test_a_step_decay_multiplies_after_every_so_many_steps():
    rule = StepDecay(0.8, 3, 0.5)
    assert [rule.at(k) for k in range(7)] == [0.8, 0.8, 0.8, 0.4, 0.4, 0.4, 0.2]


def test_an_inverse_root_begins_with_its_rate_and_halves_it_after_three_times_its_steps():
    np.testing.assert_allclose([InverseSqrt(0.8, 50).at(k) for k in (0, 150, 750)], [0.8, 0.4, 0.2])


# A learned rate


@pytest.mark.parametrize("others", [(), (Momentum(0.9),), (AdamScaling(),)], ids=repr)
def test_the_hypergradient_is_the_derivative_of_the_loss_in_the_last_rate(others):
    """Against a central difference: the loss after the last step, as a function of its rate."""
    beta, rate = 1e-2, 0.05
    rule = Optimizer(*others, learning_rate=Hypergradient(rate, beta))
    used, _ = rates(rule, W0, LOSS.gradient, 2)

    def after_one(s):
        plain = Optimizer(*others, learning_rate=s)
        return LOSS.value(plain.step(W0, gradient=LOSS.gradient(W0), memory=plain.start(W0))[0])

    slope = (after_one(rate + 1e-6) - after_one(rate - 1e-6)) / 2e-6
    assert used[0] == rate
    np.testing.assert_allclose(used[1], rate - beta * slope, rtol=1e-8)


def test_the_multiplicative_form_multiplies_by_the_cosine():
    rule, g = Hypergradient(0.2, 0.5, multiplicative=True), np.array([[3e200, 0.0], [0.0, 2.0]])
    s, memory = rule.next_rate(gradient=g, update=g, memory=rule.start(g))
    assert s.tolist() == [[0.2], [0.2]]
    turned = np.array([[1e-3, 1e-3], [0.0, -7.0]])
    s, memory = rule.next_rate(gradient=turned, update=turned, memory=memory)
    np.testing.assert_allclose(s[:, 0], [0.2 * (1 + 0.5 / np.sqrt(2)), 0.2 * (1 - 0.5)])
    s, _ = rule.next_rate(gradient=np.zeros((2, 2)), update=np.zeros((2, 2)), memory=memory)
    np.testing.assert_allclose(s[:, 0], [0.2 * (1 + 0.5 / np.sqrt(2)), 0.1])


@pytest.mark.parametrize("size", [1e-12, 1e-160, 1e-200, 1e-300])
def test_the_cosine_does_not_depend_on_the_size_of_the_gradients(size):
    rule, g = Hypergradient(0.2, 0.5, multiplicative=True), np.array([3.0, 4.0]) * size
    _, memory = rule.next_rate(gradient=g, update=g, memory=rule.start(g))
    s, _ = rule.next_rate(gradient=-g, update=g, memory=memory)
    np.testing.assert_allclose(s, 0.1, rtol=1e-12)


def test_beta_of_zero_keeps_the_rate():
    for kind in (True, False):
        rule = Hypergradient(0.1, 0.0, multiplicative=kind)
        learned = train(LOSS, Optimizer(learning_rate=rule), W0, n_steps=20)
        plain = train(LOSS, Optimizer(learning_rate=0.1), W0, n_steps=20)
        np.testing.assert_array_equal(learned.w, plain.w)


def test_a_learned_rate_may_become_negative_and_the_run_diverges_as_a_result():
    betas = np.array([0.0, 1.0, 0.0])[:, None]
    optimizer = Optimizer(learning_rate=Hypergradient(0.1, betas))
    run = train(LOSS, optimizer, 50 * W0, n_steps=300)
    assert run.diverged.tolist() == [False, True, False]
    plain = train(LOSS, Optimizer(learning_rate=np.full((3, 1), 0.1)), 50 * W0, n_steps=300)
    np.testing.assert_array_equal(run.w[[0, 2]], plain.w[[0, 2]])
    # On w^2/2 from 1 with s = 2.5: the gradients are 1 and -1.5, and s falls by 1.5 beta.
    for beta, expected in ((1.0, 1.0), (2.0, -0.5)):
        optimizer = Optimizer(learning_rate=Hypergradient(2.5, beta))
        used, _ = rates(optimizer, np.ones(1), lambda w: w, 2)
        np.testing.assert_allclose(used[1], [expected])


def test_a_gradient_of_nan_makes_its_own_rate_nan_and_no_other():
    for kind in (True, False):
        rule, g = Hypergradient(0.1, 0.1, multiplicative=kind), np.ones((2, 3))
        _, memory = rule.next_rate(gradient=g, update=g, memory=rule.start(g))
        with np.errstate(invalid="ignore"):
            s, _ = rule.next_rate(
                gradient=np.array([[np.nan] * 3, [1.0] * 3]), update=g, memory=memory
            )
        assert np.isnan(s[0]) and np.isfinite(s[1])


# In training


@every_schedule
@pytest.mark.parametrize("placement", ["coupled", "decoupled", "shrink_after", "proximal"])
def test_the_penalty_takes_the_rate_of_its_step(make, placement):
    """Also the rate 0 at the end of a cosine, where a prox does nothing."""
    rule, P, w = make(0.1), L1(0.3), W0
    optimizer = Optimizer(learning_rate=rule)
    run = train(LOSS, optimizer, W0, n_steps=12, penalty=P, placement=placement)
    for k in range(12):
        s, g = rule.at(k), LOSS.gradient(w)
        u = w - s * g
        w = {
            "coupled": w - s * (g + P.subgradient(w)),
            "decoupled": u - s * P.subgradient(w),
            "shrink_after": u - s * P.subgradient(u),
            "proximal": P.prox(u, s) if s > 0 else u,
        }[placement]
    np.testing.assert_allclose(run.w, w, rtol=1e-13)


def test_in_a_sweep_a_rate_of_zero_leaves_its_own_run_alone():
    rule = Cosine(RATES[:2], 4, final=np.array([[0.0], [0.05]]))
    optimizer = Optimizer(learning_rate=rule)
    short, long = (
        train(LOSS, optimizer, W0, n_steps=n, penalty=L2(1.0), placement="proximal") for n in (4, 9)
    )
    np.testing.assert_array_equal(short.w[0], long.w[0])
    assert np.abs(short.w[1] - long.w[1]).max() > 1e-3


def test_two_spellings_of_decay_agree_under_a_learned_rate_too():
    options = {"n_steps": 40}
    rule = Hypergradient(0.1, 1e-3)
    spelled = train(LOSS, Optimizer(WeightDecay(0.2), learning_rate=rule), W0, **options)
    named = train(LOSS, Optimizer(learning_rate=rule), W0, penalty=L2(0.2), **options)
    assert np.abs(spelled.w - named.w).max() > 0  # the rule sees the data's gradient, or the sum
    decoupled = Optimizer(ClipByNorm(1.0), learning_rate=rule)
    run = train(LOSS, decoupled, W0, penalty=L2(0.2), placement="decoupled", **options)
    assert np.isfinite(run.w).all()


@pytest.mark.parametrize("placement", ["shrink_after", "proximal"])
@pytest.mark.parametrize("multiplicative", [True, False])
def test_a_rate_that_may_be_negative_is_refused_where_it_has_no_meaning(placement, multiplicative):
    optimizer = Optimizer(learning_rate=Hypergradient(0.1, 1e-3, multiplicative))
    with pytest.raises(ValueError, match="placement must be 'coupled' or 'decoupled' with a lear"):
        train(LOSS, optimizer, W0, n_steps=1, penalty=L2(0.1), placement=placement)


@every_rule
def test_sweeps_of_rules_that_do_not_fit_are_named(make):
    optimizer = Optimizer(learning_rate=make(RATES))
    with pytest.raises(ValueError, match=r"together, got \(3, 1\) of .*rate, \(2, 4\) of "):
        train(LOSS, optimizer, np.zeros((2, 4)), n_steps=1)


@pytest.mark.parametrize(
    ("make", "kind", "words"),
    [
        (lambda: Cosine(-0.1, 5), ValueError, "rate must be finite and > 0, got -0.1"),
        (lambda: Cosine([0.1, 0.2], 5), ValueError, r"a sweep is rate\[:, None\]"),
        (lambda: Cosine(0.1, 0), ValueError, "n_steps must be >= 1, got 0"),
        (lambda: Cosine(0.1, 2.5), TypeError, "n_steps must be a whole number, got 2.5"),
        (lambda: Cosine(0.1, 5, final=-1), ValueError, "final must be finite and >= 0, got -1"),
        (lambda: WarmUp(0, Cosine(0.1, 9)), ValueError, "n_steps must be >= 1, got 0"),
        (lambda: WarmUp(5, 0.1), TypeError, r"then must be a schedule such as Cosine\(0.1, 100\)"),
        (lambda: WarmUp(5, Hypergradient(0.1, 0.1)), TypeError, "then must be a schedule"),
        (lambda: WarmUp(5, Cosine), TypeError, "then must be a schedule"),
        (lambda: StepDecay(0.1, 0, 0.5), ValueError, "every must be >= 1, got 0"),
        (lambda: StepDecay(0.1, 5, 0.0), ValueError, "factor must be finite and > 0, got 0"),
        (lambda: StepDecay(0.1, 5, 1.1), ValueError, "factor must be .* between 0 and 1, got 1.1"),
        (lambda: InverseSqrt(0.1, 0), ValueError, "n_steps must be >= 1, got 0"),
        (lambda: InverseSqrt(np.nan, 5), ValueError, "rate must be finite and > 0, got nan"),
        (lambda: Hypergradient(0.0, 0.1), ValueError, "rate must be finite and > 0, got 0"),
        (lambda: Hypergradient(0.1, -1), ValueError, "beta must be finite and >= 0, got -1"),
        (lambda: Hypergradient(0.1, 0.1, 1), TypeError, "multiplicative must be True or False"),
    ],
)
def test_bad_input_is_named(make, kind, words):
    with pytest.raises(kind, match=words):
        make()

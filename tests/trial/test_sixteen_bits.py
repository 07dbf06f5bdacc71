"""The chapter on sixteen bits: its numbers, its network, and each wrong order of its loop."""

import json

import numpy as np
import pytest

from reglib.networks import transformer
from trial.chapters.sixteen_bits import backprop as small
from trial.chapters.sixteen_bits import loops
from trial.chapters.sixteen_bits.figures import COPIES, Flow
from trial.chapters.sixteen_bits.rounding import bfloat16, cut, float16, float32
from trial.chapters.transformer.runs import Setting
from trial.data import FOLDER
from trial.page.apart import read

RECORDED = json.loads((FOLDER / "recorded" / "frameworks.json").read_text(encoding="utf-8"))
HALVES = np.arange(2**16, dtype=np.uint16).view(np.float16).astype(np.float32)
FINITE = HALVES[np.isfinite(HALVES)]
NEAR = [np.nextafter(FINITE, np.float32(side)) for side in (-np.inf, np.inf)]
TIES = (FINITE[1:] + FINITE[:-1]) / 2
"""Half way between two neighbours, which are next to each other but where the sign turns."""


def same(a, b):
    return np.array_equal(np.asarray(a).view(np.uint32), np.asarray(b).view(np.uint32))


@np.errstate(over="ignore")
def numpys(x):
    return x.astype(np.float16).astype(np.float32)


@pytest.mark.parametrize(
    "x",
    [
        HALVES[~np.isnan(HALVES)],
        *NEAR,
        TIES,
        *(np.nextafter(TIES, np.float32(side)) for side in (-np.inf, np.inf)),
        np.float32([65504, 65519.99, 65520, 1e38, np.inf, 2**-25, 2**-25 * 1.01, 1e-40, -1e-9]),
        np.arange(0, 2**32, 65521, dtype=np.uint32).view(np.float32)[:32000],
    ],
    ids=["itself", "below", "above", "ties", "below ties", "above ties", "ends", "over all"],
)
def test_float16_has_the_bits_of_numpys(x):
    assert same(float16(x), numpys(x))
    assert same(float16(-x), numpys(-x))


def test_a_cut_of_13_bits_is_float16_where_it_is_normal():
    x = np.concatenate([FINITE, TIES, *NEAR])
    normal = (np.abs(x) >= 2**-14) & (np.abs(x) < 65520)
    assert normal.sum() > 200_000 and same(cut(x[normal], 13), numpys(x[normal]))


def test_bfloat16_has_the_bits_of_torchs():
    given = np.array(RECORDED["bfloat16"]["float32"], np.uint32).view(np.float32)
    torchs = np.array(RECORDED["bfloat16"]["bfloat16"], np.uint32) << 16
    assert len(given) > 4000 and np.array_equal(bfloat16(given).view(np.uint32), torchs)


def test_what_is_no_number_stays_none():
    for cast in (bfloat16, float16, float32):
        assert np.isnan(cast(np.float32(np.nan))) and np.isinf(cast(-np.inf))


def test_the_gradient_is_that_of_the_loss():
    X, Y = (a[:20] for a in small.digits())
    weights = small.start(0)
    _, g = small.backprop(weights, X, Y, np.float64)
    for k, at in ((0, (3, 20)), (1, (4, 7))):
        ends = []
        for h in (1e-4, -1e-4):
            moved = [np.float64(w) for w in weights]
            moved[k][at] += h
            ends.append(small.backprop(moved, X, Y, np.float64)[0])
        np.testing.assert_allclose(g[k][at], (ends[0] - ends[1]) / 2e-4, rtol=1e-5)


def test_a_scale_multiplies_the_gradient_and_not_the_loss():
    X, Y = (a[:20] for a in small.digits())
    (one, g), (other, scaled) = (
        small.backprop(small.start(0), X, Y, float32, scale) for scale in (1, 2.0**10)
    )
    assert one == other
    for a, b in zip(g, scaled, strict=True):
        np.testing.assert_array_equal(2**10 * a, b)


SMALL = Setting(seeds=2)


def test_without_rounding_autocast_changes_nothing_and_it_ends():
    net, w = SMALL.batch(0), SMALL.start()
    exact, own = net.value_and_gradient(w), transformer.linear
    loss, g = loops.gradient(net, w, np.full(2, 8.0), cast=lambda x: x)
    np.testing.assert_allclose(loss, exact[0], rtol=1e-14)
    np.testing.assert_allclose(g / 8, exact[1], atol=1e-14)
    assert transformer.linear is own


def test_float16_gives_the_gradient_to_three_digits():
    net, w = SMALL.batch(0), SMALL.start()
    _, g = loops.gradient(net, w, np.full(2, 2.0**12))
    exact = net.gradient(w)
    error = np.linalg.norm(g / 2**12 - exact, axis=-1) / np.linalg.norm(exact, axis=-1)
    assert (1e-5 < error).all() and (error < 5e-3).all()


def test_each_order_is_its_formula():
    rng = np.random.default_rng(0)
    g, S, ends = rng.standard_normal((4, 2, 6)) * 1000, np.array([[8.0], [32.0]]), [2]
    mean = g.mean(axis=0) / S

    def unit(v):
        return v / np.linalg.norm(v, axis=-1, keepdims=True)

    wanted = {
        "unscale, clip, step": unit(mean),
        "no clip": mean,
        "clip, unscale, step": unit(mean) / S,
        "clip, never unscale": unit(mean),
        "sum, not mean": unit(mean),
        "clip each micro-batch": unit(g).mean(axis=0),
        "clip each tensor": np.concatenate([unit(mean[:, :2]), unit(mean[:, 2:])], axis=-1),
        "clip each value": np.sign(mean) / 6**0.5,
        "norm in float16": 0 * mean,
    }
    assert list(wanted) != [] and set(wanted) == set(loops.ORDERS)
    for name, update in wanted.items():
        with np.errstate(over="ignore"):
            np.testing.assert_allclose(loops.ORDERS[name](g, S, ends), update, atol=1e-12)


def test_a_scale_is_halved_doubled_or_fixed_for_each_seed_alone():
    scale = loops.Scale(np.array([8.0, 8.0]), wait=2)
    for finite in ([True, False], [True, True], [True, True]):
        scale.update(np.array(finite))
    assert scale.value.tolist() == [16, 8] and scale.skipped.tolist() == [0, 1]
    assert scale.good.tolist() == [1, 0]
    fixed = loops.Scale(np.array([8.0]), fixed=True)
    fixed.update(np.array([False]))
    assert fixed.value.tolist() == [8]


def test_a_skipped_seed_keeps_its_memory_of_adam():
    rng, both, alone = np.random.default_rng(0), loops.Adam(), loops.Adam()
    for k in range(4):
        g = rng.standard_normal((2, 3))
        update = both.update(g, np.array([[True], [k != 1]]))
        if k != 1:
            lonely = alone.update(g[1:], np.array([[True]]))
    np.testing.assert_allclose(update[1:], lonely, rtol=1e-14)


def test_a_scale_that_overflows_skips_every_step():
    run = loops.run(SMALL, start=2.0**60, fixed=True, n_steps=3)
    assert run.scale.skipped.tolist() == [3, 3] and np.array_equal(run.w, SMALL.start())


TABLE = read("sixteen_bits")


def learned(name):
    return sum(TABLE[name].learned)


def test_the_table_has_the_rows_of_the_loops_in_their_order():
    rows = [f"{loop}, rate {rate:g}" for loop in loops.LOOPS for rate in loops.RATES]
    rows += [f"Adam: {loop}" for loop in loops.FORGIVEN]
    names = [row.name for row in TABLE.rows]
    assert names[: len(rows)] == rows and len(names) == len(rows) + 5
    assert TABLE.of == loops.RUNS


def test_the_bands_of_the_table():
    """Of 100: what a chapter, the questions and the claims lean on."""
    assert learned("unscale, clip, step, rate 3") >= 80 and learned("no clip, rate 3") == 0
    for loop in ("clip, unscale, step", "norm in float16", "never zeroed"):
        assert max(learned(f"{loop}, rate {rate:g}") for rate in loops.RATES) <= 5, loop
    assert max(learned(f"no skip, rate {rate:g}") for rate in loops.RATES) <= 20
    assert learned("Adam: clip, unscale, step") >= 95 and learned("Adam: no skip") <= 20
    assert learned("clip each value, rate 10") > learned("clip each tensor, rate 10") + 30


def test_more_of_what_flows_back_is_lost_with_more_rows_and_less_with_a_scale():
    flow = Flow()
    lost = [flow.shares(copies, 0)[0] for copies in COPIES]
    assert lost == sorted(lost) and lost[0] < 0.3 and lost[-1] > 0.9
    assert flow.shares(4096, 25) == (0, 0) and flow.shares(1, 40)[1] > 0.5

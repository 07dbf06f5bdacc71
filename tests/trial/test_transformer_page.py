"""The runs of the chapter on transformers: remedies, what counts as lost, and the claims' bands."""

import numpy as np
import pytest

from trial.chapters.transformer import runs
from trial.chapters.transformer.runs import Run, Setting, ZLoss, optimizer, remedied
from trial.page.apart import read

SMALL = Setting(seeds=2)
TABLE = read("transformer")


def learned(name):
    return np.array(TABLE[name].learned)


def seen(accuracy):
    accuracy = np.array(accuracy, float)[:, None]
    return Run(None, accuracy, accuracy, np.arange(1.0, len(accuracy) + 1)[:, None], accuracy)


@pytest.mark.parametrize(
    ("accuracy", "lost"),
    [
        ([0.2, 0.96, 0.9, 0.4, 0.4, 0.4, 0.9], True),
        ([0.2, 0.96, 0.4, 0.4, 0.9, 0.4, 0.4], False),
        ([0.2, 0.9, 0.4, 0.4, 0.4, 0.4], False),
        ([0.2, 0.96, 1, 1, 1, 1], False),
        ([0.2, 0.96, np.nan, np.nan, np.nan], True),
    ],
)
def test_a_run_is_lost_at_three_bad_looks_after_a_good_one(accuracy, lost):
    assert seen(accuracy).lost().tolist() == [lost]


def test_the_effective_rate_is_the_largest_before_the_run_is_lost():
    run = seen([0.2, 0.96, 0.9, 0.4, 0.4, 0.4])
    assert run.effective(0.5).tolist() == [0.5 * 4]
    run.shrunk[2] = 7
    assert run.effective(0.5).tolist() == [0.5 * 7]
    assert seen([1.0] * 5).effective(0.5).size == 0


def test_a_z_loss_has_the_gradient_of_its_value():
    net, w = SMALL.batch(0, 2), SMALL.start()
    loss, direction = ZLoss(net, 0.3), np.random.default_rng(0).standard_normal(w.shape)
    ahead, behind = (loss.value_and_gradient(w + h * direction)[0] for h in (1e-5, -1e-5))
    slope = (loss.value_and_gradient(w)[1] * direction).sum(axis=-1)
    np.testing.assert_allclose((ahead - behind) / 2e-5, slope, rtol=1e-7)


def test_the_sentence_stands_in_the_order_that_the_page_says():
    made = optimizer(SMALL, 0.1, l2=0.1, clip=1.0, mask=SMALL.matrices())
    kinds = [type(t).__name__ for t in made.transforms]
    assert kinds == ["WeightDecay", "ClipByNorm", "AdamScaling"]
    made = optimizer(SMALL, 0.1, decay=0.1, clip=1.0)
    kinds = [type(t).__name__ for t in made.transforms]
    assert kinds == ["ClipByNorm", "AdamScaling", "WeightDecay"]


def test_gains_do_not_decay():
    net = SMALL.batch(0)
    gains = net.mask("g1", "g2", "g")
    np.testing.assert_array_equal(SMALL.matrices(), ~gains)


def test_a_remedy_changes_the_run_that_it_names():
    plain = remedied(SMALL, 0.08, 10).history.w
    for name in ("L2 0.1", "clip 0.1", "beta2 0.95", "warm-up", "z-loss 0.01", "decay 3"):
        other = remedied(SMALL, 0.08, 10, **runs.HIGH[name]).history.w
        assert (other != plain).any(), name
    assert remedied(SMALL, 0.08, 10, qk_norm=True).history.w.shape != plain.shape


def test_a_run_that_diverges_at_once_is_counted():
    bare = Setting(seeds=2, options={"norm": None})
    run = remedied(bare, 50.0, 40, adam=False)
    assert run.counts(False) == (2, 0) and run.accuracy.shape == (4, 2)


def test_the_bands_of_the_table():
    """Of 50, in each of two blocks of seeds."""
    assert TABLE.of == runs.RUNS
    for name in runs.HIGH:
        if name.startswith(("nothing", "z-loss")) or ("decay" in name and "warm" not in name):
            assert "Wq" in name or (learned(f"0.08: {name}") <= 6).all(), name
    assert (learned("0.08: QK-norm") >= 46).all()
    assert (learned("0.08: warm-up and clip 1") >= 40).all()
    assert (learned("bare 0.05: nothing") <= 6).all()
    assert (learned("bare 0.05: decay 0.2") >= 36).all()
    lost = {name: np.array(TABLE[f"lost: {name}"].diverged) for name in runs.LOST}
    assert (lost["nothing"] <= 2).all() and (lost["decay on E and P"] >= 32).all()
    assert (lost["decay on all, clip 1"] <= 3).all()
    assert min(TABLE["lost by descent: L2 0.01"].diverged) >= 45
    assert max(TABLE["lost by descent: L2 0.01, clip 1"].diverged) <= 3


def test_the_table_has_the_rows_of_the_runs_in_their_order():
    assert [row.name for row in TABLE.rows][: len(runs.HIGH)] == [f"0.08: {n}" for n in runs.HIGH]
    families = (
        ("bare 0.05: ", runs.BARE),
        ("lost: ", runs.LOST),
        ("gradient above 1: ", runs.LOST),
        ("lost by descent: ", runs.TURNED),
        ("descent 3: ", runs.PLAIN),
        ("bare descent 1: ", runs.PLAIN),
        ("text: ", runs.LETTERS),
    )
    for prefix, names in families:
        found = [r.name.removeprefix(prefix) for r in TABLE.rows if r.name.startswith(prefix)]
        assert found == list(names), prefix

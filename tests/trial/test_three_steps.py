"""Transforms, schedules and losses against their formulas: right ones pass, wrong ones are seen."""

from reglib import optimizers
from reglib.losses import HuberLoss
from trial.chapters.one_step import three_steps


def test_everything_is_as_written():
    for part in ("transforms", "rates", "losses", "placements"):
        found = getattr(three_steps, part)()
        assert found and [name for name, right in found.items() if right is not True] == []


def test_every_public_optimizer_is_compared():
    names = {*three_steps.transforms(), *three_steps.rates()}
    assert {name.split(",")[0] for name in names} == set(optimizers.__all__)


def test_a_wrong_loss_is_seen(monkeypatch):
    right = HuberLoss.gradient
    monkeypatch.setattr(HuberLoss, "gradient", lambda self, w: 1.001 * right(self, w))
    assert not three_steps.losses()["HuberLoss"]
    assert not three_steps.all_as_written()

"""What PyTorch says when a run fails: `python record_messages.py` writes the words down.

Each case is the shortest run that raises or warns so. Run it where torch is installed; it writes
trial/data/recorded/messages.json with the version. A slow test runs it again.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import torch

OUT = Path(__file__).parents[3] / "book" / "trial" / "data" / "recorded" / "messages.json"
X = torch.ones(4, 2)


def sentence(words: object) -> str:
    """The first sentence of a message."""
    return str(words).splitlines()[0].split(". ")[0].rstrip(".,") + "."


def said(run: Callable[[], object]) -> str:
    """Kind and first sentence of what a run raised, or of its last warning."""
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        try:
            run()
        except Exception as problem:
            return f"{type(problem).__name__}: {sentence(problem)}"
    return f"{heard[-1].category.__name__}: {sentence(heard[-1].message)}"


def scaled(factor=1.0, dtype=torch.float32):
    """A scaler with a backward pass behind it, its optimizer and the loss times a factor."""
    model = torch.nn.Linear(2, 1).to(dtype)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**16)
    scaler.scale(factor * model(X.to(dtype)).sum()).backward()
    return scaler, torch.optim.SGD(model.parameters(), lr=0.1)


def clip():
    model = torch.nn.Linear(2, 1)
    (model(X).sum() * float("inf")).backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0, error_if_nonfinite=True)


def anomaly():
    x = torch.zeros(1, requires_grad=True)
    with torch.autograd.detect_anomaly(check_nan=True):
        (torch.sqrt(x) * 0.0).sum().backward()


def schedule():
    scaler, optimizer = scaled(float("inf"))
    rate = torch.optim.lr_scheduler.StepLR(optimizer, 1)
    scaler.step(optimizer)  # skipped: a gradient is not finite
    scaler.update()
    rate.step()


def unscale_half():
    scaler, optimizer = scaled(dtype=torch.float16)
    scaler.unscale_(optimizer)


def unscale_twice():
    scaler, optimizer = scaled()
    scaler.unscale_(optimizer)
    scaler.unscale_(optimizer)


def no_gradients():
    scaler, _ = scaled()
    scaler.step(torch.optim.SGD(torch.nn.Linear(2, 1).parameters(), lr=0.1))


class Twice(torch.autograd.Function):
    """2 x, whose derivative forgets the 2."""

    @staticmethod
    def forward(ctx, x):
        return 2 * x

    @staticmethod
    def backward(ctx, g):
        return g


def gradcheck():
    torch.autograd.gradcheck(Twice.apply, torch.ones(1, dtype=torch.float64, requires_grad=True))


CASES = (clip, anomaly, schedule, unscale_half, unscale_twice, no_gradients, gradcheck)


def recorded() -> dict[str, str]:
    """The version, and what each case said."""
    version = torch.__version__.partition("+")[0]
    return {"PyTorch": version} | {case.__name__: said(case) for case in CASES}


if __name__ == "__main__":
    text = json.dumps(recorded(), indent=1, ensure_ascii=False) + "\n"
    OUT.write_text(text, encoding="utf-8")
    sys.stdout.write(text)

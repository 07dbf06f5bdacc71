"""Every transform, schedule, loss and placement against its formula, written a second time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from reglib import optimizers as o
from reglib.losses import HuberLoss, LogisticLoss, SquaredError
from reglib.penalties import L2
from reglib.solvers import PLACEMENTS, gradient_descent

Array = NDArray[np.float64]
GRADIENTS = np.array([[3.0, -4.0], [1.0, 2.0], [-2.0, 0.5]])
W = np.array([1.0, -2.0])


def third(transform: Any) -> Array:
    """What a transform passes on at the last of GRADIENTS, at the weights W."""
    memory, update = transform.start(W), None
    for gradient in GRADIENTS:
        update, memory = transform.update(gradient, W, memory)
    return update


def transforms() -> dict[str, bool]:
    """Transform -> does its third update follow from the sums over all three gradients?"""
    a, b, c = GRADIENTS
    heavy = 0.25 * a + 0.5 * b + c
    mean = 0.1 * (0.81 * a + 0.9 * b + c) / (1 - 0.9**3)
    square = 0.001 * (0.999**2 * a**2 + 0.999 * b**2 + c**2) / (1 - 0.999**3)
    recent = 0.01 * (0.99**2 * a**2 + 0.99 * b**2 + c**2)
    pairs = {
        "Momentum": (o.Momentum(0.5), heavy),
        "Nesterov": (o.Nesterov(0.5), c + 0.5 * heavy),
        "AdamScaling": (o.AdamScaling(), mean / np.sqrt(square)),
        "AdaGrad": (o.AdaGrad(), c / np.sqrt(a**2 + b**2 + c**2)),
        "RMSProp": (o.RMSProp(), c / np.sqrt(recent)),
        "WeightDecay": (o.WeightDecay(0.1), c + 0.1 * W),
        "ClipByNorm": (o.ClipByNorm(1.0), c / np.hypot(*c)),
        "ClipByValue": (o.ClipByValue(1.0), np.array([-1.0, 0.5])),
    }
    found = {name: bool(np.allclose(third(t), right)) for name, (t, right) in pairs.items()}
    clipped = o.clip_by_global_norm([a[:1], a[1:]], 1.0)
    found["clip_by_global_norm"] = bool(np.allclose(np.concatenate(clipped), a / 5))
    sgd = o.Optimizer(learning_rate=0.1)
    found["Optimizer"] = bool(np.allclose(sgd.step(W, a, sgd.start(W))[0], W - 0.1 * a))
    return found


def rates() -> dict[str, bool]:
    """Rule -> does it give the rates of its formula?"""
    plans = {
        "Constant": (o.Constant(0.1), [0.1, 0.1, 0.1]),
        "Cosine": (o.Cosine(1.0, 4), [1.0, 0.5, 0.0]),
        "WarmUp": (o.WarmUp(4, o.StepDecay(1.0, 2, 0.5)), [0.25, 0.75, 1.0]),
        "StepDecay": (o.StepDecay(1.0, 2, 0.5), [1.0, 0.5, 0.25]),
        "InverseSqrt": (o.InverseSqrt(1.0, 1), [1.0, 3**-0.5, 5**-0.5]),
    }
    found = {
        name: bool(np.allclose([plan.at(k) for k in (0, 2, 4)], right))
        for name, (plan, right) in plans.items()
    }
    a, b, _ = GRADIENTS
    for multiplicative in (False, True):
        rule = o.Hypergradient(0.1, beta=0.01, multiplicative=multiplicative)
        _, memory = rule.next_rate(a, a, rule.start(W))
        cosine = a @ b / np.hypot(*a) / np.hypot(*b)
        right = 0.1 * (1 + 0.01 * cosine) if multiplicative else 0.1 + 0.01 * a @ b
        found[f"Hypergradient, {multiplicative}"] = bool(
            np.allclose(rule.next_rate(b, b, memory)[0], right)
        )
    return found


def losses() -> dict[str, bool]:
    """Loss -> are value, slope and curvature at W those of its formula and of one another?"""
    X = np.array([[1.0, 2.0], [1.0, -1.0], [1.0, 0.5]])
    y = np.array([1.0, 0.0, 1.0])
    z = X @ W
    r = z - y
    top = np.linalg.eigvalsh(X.T @ X / 3)[-1]
    huber = np.where(np.abs(r) <= 2, r**2 / 2, 2 * np.abs(r) - 2)
    cases = {
        "SquaredError": (SquaredError(X, y), np.mean(r**2) / 2, top),
        "LogisticLoss": (LogisticLoss(X, y), np.mean(np.log1p(np.exp(z)) - y * z), top / 4),
        "HuberLoss": (HuberLoss(X, y, 2.0), np.mean(huber), top),
    }
    found = {}
    for name, (loss, value, limit) in cases.items():
        v, small = np.array([0.3, 0.7]), 1e-6
        ahead, behind = W + small * v, W - small * v
        slope = (loss.value(ahead) - loss.value(behind)) / (2 * small)
        bend = (loss.gradient(ahead) - loss.gradient(behind)) / (2 * small)
        pairs = [
            (loss.value(W), value),
            (loss.gradient(W) @ v, slope),
            (loss.hessian_vector(W, v), bend),
            (loss.lipschitz(), limit),
            (np.linalg.eigvalsh(loss.curvature())[-1], limit),
        ]
        found[name] = all(np.allclose(*pair, rtol=1e-6, atol=1e-8) for pair in pairs)
    return found


def placements() -> dict[str, bool]:
    """Placement -> is the first step of gradient descent with L2 that of its formula?"""
    loss, s, lam = SquaredError([[1.0, 2.0], [1.0, -1.0]], [1.0, 0.0]), 0.1, 3.0
    g = (loss.X @ W - loss.y) @ loss.X / 2
    pairs = {
        "coupled": W - s * (g + lam * W),
        "decoupled": W - s * (g + lam * W),
        "shrink_after": (1 - s * lam) * (W - s * g),
        "proximal": (W - s * g) / (1 + s * lam),
    }
    return {
        p: bool(
            np.allclose(
                gradient_descent(loss, L2(lam), W, step=s, placement=p, max_iter=1).w, pairs[p]
            )
        )
        for p in PLACEMENTS
    }


def all_as_written() -> bool:
    """Every check above."""
    return all((transforms() | rates() | losses() | placements()).values())

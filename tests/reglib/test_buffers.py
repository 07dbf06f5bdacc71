"""What an optimizer remembers it copies: a caller may write its next gradient into one array."""

import numpy as np
import pytest

from reglib.optimizers import (
    AdaGrad,
    AdamScaling,
    ClipByNorm,
    Cosine,
    Hypergradient,
    Momentum,
    Nesterov,
    Optimizer,
    RMSProp,
    WeightDecay,
)

TRANSFORMS = [
    ClipByNorm(1e6),
    Momentum(0.9),
    Nesterov(0.9),
    AdaGrad(),
    RMSProp(),
    AdamScaling(),
    WeightDecay(0.1),
]
RATES = [0.01, Cosine(0.01, 40), Hypergradient(0.01, 1e-3), Hypergradient(0.01, 0.1, True)]


def walked(optimizer, reused):
    """Thirty steps down a quadratic, the gradients in one array or each in its own."""
    curvature, w = np.array([1.0, 3.0, 0.2]), np.array([1.0, -2.0, 3.0])
    memory, buffer = optimizer.start(w), np.empty(3)
    for _ in range(30):
        gradient = np.multiply(curvature, w, out=buffer) if reused else curvature * w
        w, memory = optimizer.step(w, gradient=gradient, memory=memory)
    return w


@pytest.mark.parametrize("rate", RATES, ids=repr)
@pytest.mark.parametrize("transform", [None, *TRANSFORMS], ids=repr)
def test_a_gradient_that_is_written_over_changes_no_step(transform, rate):
    optimizer = Optimizer(*([transform] if transform else []), learning_rate=rate)
    np.testing.assert_array_equal(walked(optimizer, True), walked(optimizer, False))

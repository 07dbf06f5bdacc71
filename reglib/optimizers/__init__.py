"""An optimizer is a sentence: transforms of the gradient in order, then one step.

`Optimizer(ClipByNorm(1.0), WeightDecay(0.1), learning_rate=0.05)` clips the gradient, adds the
decay outside the clip, and steps. The other order puts the decay inside the clip. Gradients and
weights are flat arrays (..., P); every transform works along the last axis, and its
hyper-parameters may be numbers or arrays (..., 1). The learning rate may follow a schedule or be
learned: `learning_rate=Cosine(0.1, 1000)`.

A gradient with NaN or inf in it has no direction. It is passed on with NaN in it, so that the run
is seen to diverge; the runs beside it are left as they were.
"""

from reglib.optimizers.chain import Optimizer, WeightDecay
from reglib.optimizers.clipping import ClipByNorm
from reglib.optimizers.hypergradient import Hypergradient
from reglib.optimizers.scaling import AdaGrad, AdamScaling, Momentum, Nesterov, RMSProp
from reglib.optimizers.schedules import Cosine, InverseSqrt, StepDecay, WarmUp

__all__ = [
    "AdaGrad",
    "AdamScaling",
    "ClipByNorm",
    "Cosine",
    "Hypergradient",
    "InverseSqrt",
    "Momentum",
    "Nesterov",
    "Optimizer",
    "RMSProp",
    "StepDecay",
    "WarmUp",
    "WeightDecay",
]

"""The causes that `diagnose` can name: what each looks like, what confirms it, what helps."""

from __future__ import annotations

from typing import NamedTuple


class Remedy(NamedTuple):
    """What to do, and the topic it belongs to: a stable key."""

    what: str
    topic: str


class Cause(NamedTuple):
    """A stable key, the name in a report, the measurement that would confirm it, what helps."""

    key: str
    name: str
    confirm: str = ""
    remedies: tuple[Remedy, ...] = ()


LOWER = Remedy("lower the learning rate, threefold at first", "step limit")
CLIP = Remedy("clip the norm of the gradient, from the first step on", "clip and decay")
SCALE = Remedy("standardize inputs and targets: large numbers make L large", "scale of the data")
WARM = Remedy("warm the learning rate up, or make the warm-up longer", "step size rules")
LOOK = Remedy("look at the batch of that step: NaN, inf, huge cells, empty labels", "bad rows")
LAYERS = Remedy("measure the gradient by layer or time step", "gradient by layer")
START = Remedy("start with smaller or orthogonal weights", "start of a network")
FORMAT = Remedy("train in bfloat16 or float32, or start the loss scale lower", "number format")
LOG = Remedy("log loss, gradient norm before the clip, and rate at every step", "what to log")

HEALTHY = Cause("healthy", "healthy")
CANNOT_TELL = Cause("cannot_tell", "cannot tell", remedies=(LOG,))
STEP = Cause(
    "step_too_large",
    "step too large",
    "run it again from the same weights with a third of the rate: it should not blow up",
    (
        LOWER,
        WARM,
        SCALE,
        CLIP,
        Remedy("do not add L2 for this: in the gradient it lowers the limit", "penalty in a step"),
    ),
)
NETWORK = Cause(
    "network_explosion",
    "explosion through the network",
    "the norm of the gradient by layer or time step, before training: it grows layer by layer",
    (CLIP, START, LOWER, LAYERS),
)
RECOVERED = Cause(
    "spike_recovered",
    "spike, recovered",
    "the same step again from a checkpoint, once with the next batch and once with a lower rate",
    (
        CLIP,
        LOWER,
        LOOK,
        Remedy("with Adam: lower beta2 to 0.95, raise eps, or skip such a step", "jumps"),
    ),
)
SPIKE = Cause(
    "spike", "spike, not recovered", RECOVERED.confirm, (LOWER, *RECOVERED.remedies[:1], LOOK, WARM)
)
FORMAT_CAUSE = Cause(
    "number_format",
    "number format",
    "one step in float32 from the same weights: its gradient is finite",
    (
        FORMAT,
        Remedy("keep logits, softmax, losses and norms in float32", "number format"),
        LOWER,
        LOOK,
    ),
)
NOT_FINITE = Cause(
    "not_finite",
    "not finite",
    "anomaly detection on that step: the first operation whose result is not finite",
    (
        LOOK,
        Remedy("guard log, sqrt, division and exp: logits into the loss, an eps", "not finite"),
        LOWER,
        FORMAT,
    ),
)
DATA = Cause(
    "bad_data",
    "bad data",
    "the loss of that batch at the weights of an earlier checkpoint: it is as high there",
    (LOOK, Remedy("clean and standardize before training", "bad rows"), CLIP),
)
NO_GRADIENT = Cause(
    "no_gradient",
    "no gradient",
    "the gradient of each tensor after one backward pass: None, zero, or not what was logged",
    (
        Remedy("is the norm taken after the gradients were set to zero?", "what to log"),
        Remedy("a softmax over one unit, a detached loss or frozen weights give 0", "vanishing"),
        Remedy("dead or saturated units: smaller first weights, leaky units", "start of a network"),
        LOWER,
    ),
)
VANISHING = Cause(
    "vanishing",
    "vanishing gradient",
    "the norm of the gradient by layer or time step: it shrinks from one to the next",
    (
        LAYERS,
        Remedy("start with gain 1, orthogonal where the network is deep", "start of a network"),
        Remedy("remove weight decay from the recurrent weights", "vanishing"),
        Remedy("or there is nothing to learn: is the loss that of a constant guess?", "bad rows"),
    ),
)
EDGE = Cause(
    "edge",
    "oscillation at the edge",
    "the largest eigenvalue L of the Hessian: the rate is near 2/L",
    (
        Remedy("divide the learning rate by two, or let it decay", "step size rules"),
        SCALE,
        Remedy("do not raise momentum before the step is smaller", "step size rules"),
    ),
)
DECAY = Cause(
    "weight_decay",
    "weight decay too strong",
    "the same run with a tenth of the decay, and the norm of the weights",
    (
        Remedy("divide the weight decay by ten and compare", "strength of a penalty"),
        Remedy("spare biases, norms and recurrent weights", "vanishing"),
        Remedy("choose the strength on data that was held out", "strength of a penalty"),
    ),
)
BUG = Cause(
    "gradient_bug",
    "gradient bug",
    "the gradient of one batch, twice from the same weights: both must be equal",
    (
        Remedy("set gradients to zero before each backward pass", "gradient check"),
        Remedy("accumulation: divide by the batches, step once, then reset", "gradient check"),
        Remedy("compare the gradient with finite differences", "gradient check"),
        LOWER,
    ),
)
UNSCALED = Cause(
    "not_scaled",
    "inputs or targets not scaled",
    "mean and spread of each input and of the targets",
    (SCALE, Remedy("scale targets back after the prediction", "scale of the data"), CLIP, LOWER),
)
OVERFITTING = Cause(
    "overfitting",
    "overfitting",
    "the validation loss of the checkpoint with the lowest one",
    (
        Remedy("keep the weights of the lowest validation loss: stop early", "early stopping"),
        Remedy("more data, augmentation, dropout, a smaller network", "data"),
        Remedy("choose weight decay on held-out data", "strength of a penalty"),
    ),
)
CAUSES = (
    HEALTHY,
    CANNOT_TELL,
    STEP,
    NETWORK,
    RECOVERED,
    SPIKE,
    FORMAT_CAUSE,
    NOT_FINITE,
    DATA,
    NO_GRADIENT,
    VANISHING,
    EDGE,
    DECAY,
    BUG,
    UNSCALED,
    OVERFITTING,
)
"""Every cause that a report can name."""

"""The causes that `diagnose` can name, and what to do about each, in order."""

from __future__ import annotations

from typing import NamedTuple

STEP = "step too large"
NETWORK = "explosion through the network"
VANISHING = "vanishing gradient"
EDGE = "oscillation at the edge"
PENALTY = "too strong a penalty"
DATA = "bad data"
HEALTHY = "healthy"
UNKNOWN = "unknown"
CAUSES = (STEP, NETWORK, VANISHING, EDGE, PENALTY, DATA, HEALTHY, UNKNOWN)
"""Every word that stands in `Diagnosis.cause`."""


class Remedy(NamedTuple):
    """What to do, and the topic it belongs to: a stable key."""

    what: str
    topic: str


REMEDIES: dict[str, tuple[Remedy, ...]] = {
    STEP: (
        Remedy("make the learning rate smaller than 2/L", "step limit"),
        Remedy("standardize the features: large numbers make L large", "scale of the data"),
        Remedy("let a line search choose the step", "step size rules"),
        Remedy("do not add L2 for this: in the gradient it lowers the limit", "penalty in a step"),
    ),
    NETWORK: (
        Remedy("clip the norm of the gradient, from the first step on", "clip and decay"),
        Remedy("start with smaller or orthogonal weights", "start of a network"),
        Remedy("let weight decay act after the clip, not inside it", "clip and decay"),
        Remedy("measure the gradient by layer or time step, before training", "gradient by layer"),
    ),
    VANISHING: (
        Remedy("measure the gradient by layer or time step", "vanishing"),
        Remedy("start with gain 1, orthogonal where the network is deep", "gradient by layer"),
        Remedy("remove weight decay from the recurrent weights", "vanishing"),
        Remedy(
            "if the level of the loss is the noise of your data, nothing is wrong",
            "bad rows",
        ),
    ),
    EDGE: (
        Remedy("divide the learning rate by two, or let it decay", "step size rules"),
        Remedy("standardize the features", "scale of the data"),
        Remedy("do not raise momentum or decay before the step is smaller", "penalty in a step"),
    ),
    PENALTY: (
        Remedy("divide the strength of the penalty by ten and compare", "strength of a penalty"),
        Remedy("spare the intercept and the recurrent weights", "vanishing"),
        Remedy("choose the strength on data that was held out", "strength of a penalty"),
    ),
    DATA: (
        Remedy("look at the rows of the batch at that step: NaN, inf, huge cells", "bad rows"),
        Remedy("clean and standardize before training", "bad rows"),
        Remedy("clip the norm, so that one row cannot throw the weights", "jumps"),
    ),
    HEALTHY: (),
    UNKNOWN: (
        Remedy("log every step from the first one on, and the parameter norm", "jumps"),
        Remedy("measure the step limit and the gradient by layer", "step limit"),
    ),
}

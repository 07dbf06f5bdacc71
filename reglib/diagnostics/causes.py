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
    """What to do, and the chapter that says why: its title, and its address in the book."""

    what: str
    title: str
    link: str


_CHAPTERS = {
    "01_two_explosions": "Which kind of exploding gradient do you have?",
    "03_one_step": "What does a penalty do to one step?",
    "06_real_data": "What does a penalty buy on real data?",
    "08_choosing_lambda": "Which lambda, and does it matter?",
    "07_step_sizes": "Can a better step size rule replace the limit 2/L?",
    "09_data": "Can better data do what a penalty does?",
    "10_depth": "How do gradients grow with depth?",
    "11_cliff": "What does an exploding gradient look like?",
    "12_remedies": "Which remedy saves an exploding recurrent network?",
    "13_vanishing": "What if the gradient shrinks instead?",
    "14_order": "Where must weight decay stand, inside or outside the clip?",
}


def _remedy(what: str, chapter: str) -> Remedy:
    return Remedy(what, _CHAPTERS[chapter], f"notebooks/{chapter}.html")


REMEDIES: dict[str, tuple[Remedy, ...]] = {
    STEP: (
        _remedy("make the learning rate smaller than 2/L", "01_two_explosions"),
        _remedy("standardize the features: large numbers make L large", "06_real_data"),
        _remedy("let a line search choose the step", "07_step_sizes"),
        _remedy("do not add L2 for this: in the gradient it lowers the limit", "03_one_step"),
    ),
    NETWORK: (
        _remedy("clip the norm of the gradient, from the first step on", "14_order"),
        _remedy("start with smaller or orthogonal weights", "12_remedies"),
        _remedy("let weight decay act after the clip, not inside it", "14_order"),
        _remedy("measure the gradient by layer or time step, before training", "10_depth"),
    ),
    VANISHING: (
        _remedy("measure the gradient by layer or time step", "13_vanishing"),
        _remedy("start with gain 1, orthogonal where the network is deep", "10_depth"),
        _remedy("remove weight decay from the recurrent weights", "13_vanishing"),
        _remedy("if the level of the loss is the noise of your data, nothing is wrong", "09_data"),
    ),
    EDGE: (
        _remedy("divide the learning rate by two, or let it decay", "07_step_sizes"),
        _remedy("standardize the features", "06_real_data"),
        _remedy("do not raise momentum or decay before the step is smaller", "03_one_step"),
    ),
    PENALTY: (
        _remedy("divide the strength of the penalty by ten and compare", "08_choosing_lambda"),
        _remedy("spare the intercept and the recurrent weights", "13_vanishing"),
        _remedy("choose the strength on data that was held out", "08_choosing_lambda"),
    ),
    DATA: (
        _remedy("look at the rows of the batch at that step: NaN, inf, huge cells", "09_data"),
        _remedy("clean and standardize before training", "09_data"),
        _remedy("clip the norm, so that one row cannot throw the weights", "11_cliff"),
    ),
    HEALTHY: (),
    UNKNOWN: (
        _remedy("log every step from the first one on, and the parameter norm", "11_cliff"),
        _remedy("measure the step limit and the gradient by layer", "01_two_explosions"),
    ),
}

"""The one place that words an error about bad input: the name, the rule, the value."""

from reglib._checks._words import Array, Generators, Hyper, shown
from reglib._checks.arrays import (
    columns,
    design,
    finite,
    floats,
    labels,
    mask,
    matrices,
    rows,
    start,
    weights,
)
from reglib._checks.numbers import count, fraction, hyper, nonnegative, positive, proportion
from reglib._checks.things import (
    generator,
    generators,
    groups,
    one_of,
    penalty,
    shape,
    transform,
    widths,
)

PLACEMENTS = ("coupled", "decoupled", "shrink_after", "proximal")
"""Where an L2 term can stand in a step of gradient descent; see `solvers.gradient_descent`."""

__all__ = [
    "Array",
    "Generators",
    "Hyper",
    "PLACEMENTS",
    "columns",
    "count",
    "design",
    "finite",
    "floats",
    "fraction",
    "generator",
    "generators",
    "groups",
    "hyper",
    "labels",
    "mask",
    "matrices",
    "nonnegative",
    "one_of",
    "penalty",
    "positive",
    "proportion",
    "rows",
    "shape",
    "shown",
    "start",
    "transform",
    "weights",
    "widths",
]

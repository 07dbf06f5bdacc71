"""The one place that words an error about bad input: the name, the rule, the value."""

from reglib._checks._words import Array, Generators, Hyper, shown
from reglib._checks.arrays import (
    columns,
    design,
    finite,
    floats,
    labels,
    leading,
    mask,
    matrices,
    rows,
    start,
    weights,
)
from reglib._checks.numbers import (
    count,
    fraction,
    hyper,
    nonnegative,
    over_weights,
    positive,
    proportion,
    single,
)
from reglib._checks.things import (
    flag,
    generator,
    generators,
    groups,
    objective,
    one_of,
    penalty,
    shape,
    sweeps,
    transform,
    widths,
)

PLACEMENTS = ("coupled", "decoupled", "shrink_after", "proximal")
"""Where an L2 term can stand in a step of gradient descent; see `solvers.gradient_descent`."""

DIVERGED = 1e12
"""A run is over when a weight reaches this size; far beyond it float64 overflows."""

__all__ = [
    "Array",
    "DIVERGED",
    "Generators",
    "Hyper",
    "PLACEMENTS",
    "columns",
    "count",
    "design",
    "finite",
    "flag",
    "floats",
    "fraction",
    "generator",
    "generators",
    "groups",
    "hyper",
    "labels",
    "leading",
    "mask",
    "matrices",
    "nonnegative",
    "objective",
    "one_of",
    "over_weights",
    "penalty",
    "positive",
    "proportion",
    "rows",
    "shape",
    "shown",
    "single",
    "start",
    "sweeps",
    "transform",
    "weights",
    "widths",
]

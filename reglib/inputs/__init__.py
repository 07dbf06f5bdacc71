"""What may come in: an argument is declared as one of these kinds, and `checked` sees to it.

    @checked
    def shrink(w: Weights, step: Positive) -> Array: ...

Lists and integers come as float64, a copy only where one is needed. What does not fit is a
ValueError or a TypeError with the name, the rule and the value: "step must be finite and > 0, got
-1". A kind is a type with rules, which stand in `numbers`, `arrays` and `things`; a body calls a
rule itself where it depends on more than the arguments.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Annotated, Any

import numpy as np
from numpy.typing import ArrayLike

from reglib.inputs.arrays import (
    column_mask,
    columns,
    columns_of,
    design,
    finite,
    floats,
    folds,
    labels,
    leading,
    mask,
    matrices,
    per_weight,
    raw_table,
    raw_targets,
    record,
    rows,
    start,
    table,
    targets,
    vector,
    weights,
)
from reglib.inputs.checking import Beside, checked
from reglib.inputs.numbers import (
    bounds,
    count,
    descending,
    fraction,
    hyper,
    nonnegative,
    over_weights,
    per_column,
    positive,
    proportion,
    scalar,
    single,
)
from reglib.inputs.things import (
    flag,
    function,
    generator,
    generators,
    groups,
    having,
    learning_rate,
    methods,
    names,
    objective,
    one_of,
    penalty,
    schedule,
    shape,
    sweeps,
    that,
    transform,
    valued,
    widths,
)
from reglib.inputs.words import Array, Generators, Hyper, shown

PLACEMENTS = ("coupled", "decoupled", "shrink_after", "proximal")
"""Where an L2 term can stand in a step of gradient descent; see `solvers.gradient_descent`."""

NonNegative = Annotated[Hyper, nonnegative]
Positive = Annotated[Hyper, positive]
Fraction = Annotated[Hyper, fraction]
Proportion = Annotated[Hyper, proportion]
"""A hyper-parameter between 0 and 1, as all of these a number or an array (..., 1) of them."""

Table = Annotated[ArrayLike, table]
Targets = Annotated[ArrayLike, Beside("X", targets)]
"""Numbers (n,), one for each row of the `X` beside it or of the object."""
Folds = Annotated[Iterable[Any], Beside("X", folds)]
RawTable = Annotated[ArrayLike, raw_table]
RawTargets = Annotated[ArrayLike, Beside("X", raw_targets)]
Names = Annotated[Sequence[str], Beside("X", names)]
Labels = Annotated[Targets, labels]
Rows = Annotated[Any, Beside("n_rows", rows)]
"""Some of the object's `n_rows` rows: indices, a slice or a boolean array."""

Lams = Annotated[ArrayLike, descending]
"""A grid (k,) of numbers >= 0 in any order, which the body gets from large to small."""
NonNegativeNumber = Annotated[float, nonnegative, single]
ProportionNumber = Annotated[float, proportion, single]
FractionNumber = Annotated[float, fraction, single]
PositiveNumber = Annotated[float, positive, single]

Weights = Annotated[ArrayLike, floats]
"""Real numbers (..., P), inf and NaN among them: a run may diverge."""
Gradient = Annotated[ArrayLike, Beside("w", per_weight)]
"""Numbers (..., P), one for each of the weights `w` beside it."""
Scale = Annotated[Hyper, Beside("X", per_column)]
"""A number >= 0, or one for each column of `X`."""
PerColumn = Annotated[ArrayLike, columns_of("X")]
"""Weights (..., p), one for each column of `X`."""
Matrices = Annotated[ArrayLike, Beside("shape", matrices)]
"""Flat weights (..., m n), which the body gets as (..., m, n); the object has a `shape` (m, n)."""
Groups = Annotated[ArrayLike, groups]
Start = Annotated[ArrayLike, start]
"""Weights (..., P) to start from: finite."""
Vector = Annotated[ArrayLike, vector]
Mask = Annotated[ArrayLike, mask]
ColumnMask = Annotated[ArrayLike, Beside("X", column_mask)]
Placement = Annotated[str, partial(one_of, choices=PLACEMENTS)]
Shape = Annotated[tuple[int, int], shape]

Count = Annotated[int, count]
Generator = Annotated["np.random.Generator", generator]
"""The source of random numbers, always handed in. A string: numpy.random loads when needed."""
Flag = Annotated[bool, flag]
LearningRate = Annotated[Any, learning_rate]
Function = Annotated[Callable[..., Any], function]
Valued = Annotated[Any, valued]
ObjectiveLike = Annotated[Any, objective]
PenaltyLike = Annotated[Any, penalty]
ScheduleLike = Annotated[Any, schedule]

DIVERGED = 1e12
"""A run is over when a weight reaches this size; far beyond it float64 overflows."""

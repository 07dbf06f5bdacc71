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

DIVERGED = 1e12
"""A run is over when a weight reaches this size; far beyond it float64 overflows."""

# Hyper-parameters: numbers, or arrays (..., 1) that sweep them.
NonNegative = Annotated[Hyper, nonnegative]
Positive = Annotated[Hyper, positive]
Proportion = Annotated[Hyper, proportion]
Fraction = Annotated[Hyper, fraction]

# Numbers that cannot be swept.
NonNegativeNumber = Annotated[float, nonnegative, single]
PositiveNumber = Annotated[float, positive, single]
ProportionNumber = Annotated[float, proportion, single]
FractionNumber = Annotated[float, fraction, single]
Count = Annotated[int, count]
Lams = Annotated[ArrayLike, descending]

# Data: a table X (n, p), and what belongs to its rows or columns.
Table = Annotated[ArrayLike, table]
RawTable = Annotated[ArrayLike, raw_table]
Targets = Annotated[ArrayLike, Beside("X", targets)]
RawTargets = Annotated[ArrayLike, Beside("X", raw_targets)]
Labels = Annotated[Targets, labels]
Folds = Annotated[Iterable[Any], Beside("X", folds)]
Rows = Annotated[Any, Beside("n_rows", rows)]
Names = Annotated[Sequence[str], Beside("X", names)]
Scale = Annotated[Hyper, Beside("X", per_column)]

# Weights (..., P). They may hold inf or NaN, since a run may diverge, but at the start.
Weights = Annotated[ArrayLike, floats]
Start = Annotated[ArrayLike, start]
Vector = Annotated[ArrayLike, vector]
PerColumn = Annotated[ArrayLike, columns_of("X")]
Matrices = Annotated[ArrayLike, Beside("shape", matrices)]
Gradient = Annotated[ArrayLike, Beside("w", per_weight)]
Mask = Annotated[ArrayLike, mask]
ColumnMask = Annotated[ArrayLike, Beside("X", column_mask)]
Groups = Annotated[ArrayLike, groups]
Shape = Annotated[tuple[int, int], shape]

# Everything else. numpy.random loads when it is needed, so its generator is named in a string.
Generator = Annotated["np.random.Generator", generator]
Flag = Annotated[bool, flag]
Placement = Annotated[str, partial(one_of, choices=PLACEMENTS)]
Function = Annotated[Callable[..., Any], function]
LearningRate = Annotated[Any, learning_rate]
ScheduleLike = Annotated[Any, schedule]
PenaltyLike = Annotated[Any, penalty]
ObjectiveLike = Annotated[Any, objective]
Valued = Annotated[Any, valued]

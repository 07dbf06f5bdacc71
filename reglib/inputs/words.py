"""What every check says with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Hyper = float | Array
"""A hyper-parameter: a number, or an array (..., 1) that broadcasts over the weights."""

Generators: TypeAlias = "np.random.Generator | Sequence[np.random.Generator]"
"""One source of random numbers, or one for each seed. A string: numpy.random loads when needed."""


def shown(value: Any) -> str:
    """The offending value, short enough for one line of a traceback."""
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else text[:57] + "..."

"""A table and its targets as a loss, in units that only the training rows have set."""

from __future__ import annotations

from typing import Any

import numpy as np

from reglib.datasets import standardize
from reglib.losses import SquaredError


def scaled(X: Any, y: Any, train: Any) -> SquaredError:
    """The squared error of all rows, X standardized and y centered by the rows `train`.

    `.on(rows)` is that of some of them, so that no statistic of test rows leaks into a fit.

    >>> loss = scaled([[1.0], [3.0], [9.0]], [1.0, 3.0, 2.0], [0, 1])
    >>> loss.X.ravel(), loss.y
    (array([-1.,  1.,  7.]), array([-1.,  1.,  0.]))
    """
    y = np.asarray(y)
    return SquaredError(standardize(X, train).X, y - y[train].mean())

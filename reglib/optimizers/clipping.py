"""A bound on the length of the gradient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from reglib.inputs import Flat, Positive, checked, norm
from reglib.optimizers.chain import Memoryless, Passed


@checked
@dataclass(frozen=True, eq=False)
class ClipByNorm(Memoryless):
    """g min(1, max_norm / ||g||): the direction stays, the length is at most max_norm > 0.

    The norm is taken over the whole vector, at any size. Source: Pascanu, Mikolov and Bengio 2013.

    >>> ClipByNorm(1.0).update(np.array([3e200, 4e200]), w=None, memory=None)[0]
    array([0.6, 0.8])
    """

    max_norm: Positive

    def update(self, gradient: Flat, *, w: Any, memory: None) -> Passed:
        length = norm(gradient)
        # Divided by the larger of both: one within the bound keeps its bits.
        scale = self.max_norm / np.maximum(length, self.max_norm)
        return np.where(np.isfinite(length), gradient * scale, np.nan), None

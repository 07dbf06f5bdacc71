"""What weights cost: `value`, `subgradient` and `prox` of each penalty.

Weights are flat arrays (..., P). Leading axes are a sweep: every method works along the last axis,
and `lam`, `l1_ratio`, `c` and `step` may be numbers or arrays whose last axis is 1. `lam` has the
units of the loss divided by those of the penalty's formula; `step` those of w^2 divided by the
loss. `value` returns (...), the others (..., P). Weights that are inf or NaN are worked on, not
refused, since a diverging run is a result.

The proximal map is prox(w, step) = argmin_u P(u) + ||u - w||^2 / (2 step) (Parikh and Boyd 2014).
"""

from reglib.penalties.entries import L1, L2, ElasticNet, Penalty
from reglib.penalties.matrices import Nuclear, Orthogonal, Spectral, SpectralBall
from reglib.penalties.parts import GroupLasso, Masked

__all__ = [
    "L1",
    "L2",
    "ElasticNet",
    "GroupLasso",
    "Masked",
    "Nuclear",
    "Orthogonal",
    "Penalty",
    "Spectral",
    "SpectralBall",
]

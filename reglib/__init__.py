"""The tested mathematics behind *Regularization on Trial*: penalties, losses,
networks, solvers, optimizers, training, diagnostics.

The core imports NumPy only. What the book's pages need beyond it lives in `reglib.book`.
"""

from reglib import (
    datasets,
    diagnostics,
    losses,
    networks,
    optimizers,
    penalties,
    solvers,
    training,
)

__version__ = "0.1.0"
__all__ = [
    "datasets",
    "diagnostics",
    "losses",
    "networks",
    "optimizers",
    "penalties",
    "solvers",
    "training",
]

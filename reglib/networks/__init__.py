"""Networks on one flat weight vector, gradients by hand: `MLP`, `RNN` and Pascanu's `Omega`.

Weights are flat arrays (..., P); leading axes are a sweep, and the data may carry the same ones:
20 seeds, each with its own weights and its own batch, are one call.
"""

from reglib.networks.mlp import MLP
from reglib.networks.omega import Omega
from reglib.networks.rnn import RNN

__all__ = ["MLP", "RNN", "Omega"]

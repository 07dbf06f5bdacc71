"""Networks on one flat weight vector, gradients by hand: `MLP`, `RNN`, `GRU`, `Transformer` and
Pascanu's `Omega`.

`SigmoidUnit` is the smallest of them: two weights, and a loss that can be drawn.

Weights are flat arrays (..., P); leading axes are a sweep, and the data may carry the same ones:
20 seeds, each with its own weights and its own batch, are one call.
"""

from reglib.networks.gru import GRU
from reglib.networks.mlp import MLP
from reglib.networks.omega import Omega
from reglib.networks.rnn import RNN
from reglib.networks.transformer import Transformer
from reglib.networks.unit import SigmoidUnit

__all__ = ["GRU", "MLP", "RNN", "Omega", "SigmoidUnit", "Transformer"]

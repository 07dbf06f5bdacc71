"""What holds for the tests in this folder, and not for the kernels of the notebooks."""

import os

# Figures are drawn in memory: a test opens no window, whatever the machine would choose.
os.environ["MPLBACKEND"] = "agg"

# They need JAX, PyTorch, Keras or R, which the book does not; what they wrote stands beside them.
collect_ignore_glob = ["reglib/recording/*.py"]

"""What holds for the tests in this folder, and not for the kernels of the notebooks."""

import os

# Figures are drawn in memory: a test opens no window, whatever the machine would choose.
os.environ["MPLBACKEND"] = "agg"

# Needs JAX, which the book does not; the file it wrote stands beside it.
collect_ignore = ["data/record_networks.py"]

"""Record where the optimizers of PyTorch and optax end that `coming_from.csv` names.

Run with both in an environment of its own; the tests read the file it writes and need neither:

    python tests/reglib/recording/record_coming_from.py

Each optimizer takes 30 steps down the article's least squares from (3, 2), in float64.
"""

import csv
import json
from pathlib import Path

import jax
import numpy as np
import optax
import torch
from optax import (  # noqa: F401, rows name them
    adamw,
    add_decayed_weights,
    chain,
    clip_by_global_norm,
    cosine_decay_schedule,
    rmsprop,
    sgd,
)
from torch.optim import SGD, Adagrad, Adam, AdamW, RMSprop  # noqa: F401, rows name them
from torch.optim.lr_scheduler import CosineAnnealingLR  # noqa: F401

DATA = Path(__file__).parents[3] / "book" / "trial" / "data"
X, Y = np.column_stack([np.ones(5), np.arange(1.0, 6.0)]), np.array([2.0, 4, 7, 11, 16])
jax.config.update("jax_enable_x64", True)


def gradient(w):
    return X.T @ (X @ w - Y) / 5


def of_pytorch(code):
    w = torch.tensor([3.0, 2.0], dtype=torch.float64, requires_grad=True)
    made = eval(code, globals(), {"w": [w]})
    for _ in range(30):
        w.grad = torch.tensor(gradient(w.detach().numpy()))
        getattr(made, "optimizer", made).step()
        if made is not getattr(made, "optimizer", made):
            made.step()
    return w.tolist()


def of_optax(code):
    w, made = jax.numpy.array([3.0, 2.0]), eval(code)
    state = made.init(w)
    for _ in range(30):
        updates, state = made.update(jax.numpy.array(gradient(np.array(w))), state, w)
        w = optax.apply_updates(w, updates)
    return w.tolist()


RUNS = {"PyTorch": of_pytorch, "optax": of_optax}
rows = csv.DictReader((DATA / "coming_from.csv").read_text(encoding="utf-8").splitlines())
ends = {row["there"]: RUNS[row["library"]](row["there"]) for row in rows if row["library"] in RUNS}
made = f"PyTorch {torch.__version__}, optax {optax.__version__}; see record_coming_from.py"
text = json.dumps({"made_with": made, "ends": ends}, indent=0)
(DATA / "recorded" / "coming_from.json").write_text(text + "\n", encoding="utf-8")

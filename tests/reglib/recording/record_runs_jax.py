"""Record training runs of JAX with optax, good and spoiled, for the trial of the doctor.

Run in an environment of its own with jax and optax; nothing of reglib is imported:

    python tests/reglib/recording/record_runs_jax.py > jax.csv
    python -m trial.chapters.diagnose.benchmark jax jax.csv
"""

from functools import cache, partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
from spoiled_runs import print_runs


def dense(rng, sizes):
    """Matrices and biases of a network of these sizes."""
    pairs = zip(sizes, sizes[1:], strict=False)
    return [(rng.standard_normal((m, n)) / m**0.5, np.zeros(n)) for m, n in pairs]


def spirals(rng, n=800):
    """Points of two spirals, and which."""
    kind, t = rng.integers(2, size=n), rng.uniform(0.3, 3.0, n)
    turn = 2 * t + np.pi * kind
    X = np.stack([t * np.cos(turn), t * np.sin(turn)], 1) + 0.1 * rng.standard_normal((n, 2))
    return X, kind


def adding(rng, n=800, length=12):
    """Sequences of numbers, two of which are marked, and their sum."""
    X = np.stack([rng.uniform(0, 1, (n, length)), np.zeros((n, length))], 2)
    for row in X:
        row[rng.choice(length, 2, replace=False), 1] = 1
    return X, (X[..., 0] * X[..., 1]).sum(1)


def mlp_loss(w, x, y, deep, unit=jax.nn.relu):
    for W, b in w[:-1]:
        x = (jax.nn.sigmoid if deep else unit)(x @ W + b)
    z = (x @ w[-1][0] + w[-1][1])[:, 0]
    return optax.sigmoid_binary_cross_entropy(z, y).mean()


def rnn_loss(w, x, y, deep):
    (U, b), (W, _), (V, c) = w
    h = jnp.zeros((len(x), len(W)))
    h = jax.lax.scan(lambda h, u: (jnp.tanh(u @ U + h @ W + b), None), h, x.swapaxes(0, 1))[0]
    return jnp.square((h @ V + c)[:, 0] - y).mean()


def mlp_start(rng, setting):
    w = dense(rng, [2, *[32] * 10, 1] if setting.deep else [2, 48, 48, 1])
    if setting.dead:
        w[-2][1][:] = -100.0
    return [(setting.gain * W, b) for W, b in w]


def rnn_start(rng, setting):
    (U, b), (_, c), (V, e) = dense(rng, [2, 32, 32, 1])
    W = np.linalg.qr(rng.standard_normal((32, 32)))[0]
    return [(U, b), (setting.gain * W, c), (V, e)]


@cache
def compiled(loss, deep, name, decay):
    """An optimizer at rate 1 and its compiled step, which multiplies by the rate."""
    if name in ("sgd", "momentum"):
        chain = [optax.add_decayed_weights(decay), optax.sgd(1.0, 0.9 * (name == "momentum"))]
    elif name == "adam" and not decay:
        chain = [optax.adam(1.0)]
    else:
        chain = [optax.adamw(1.0, weight_decay=decay or 1e-4)]
    clip = optax.clip_by_global_norm(1.0 if name.startswith("clip") else np.inf)
    optimizer = optax.chain(clip, *chain)

    @jax.jit
    def step(w, state, kept, x, y, *, rate, scale, jammed, live, keep):
        """Gradients are multiplied by `live` and go through 16 bits if there is a scale."""
        value, g = jax.value_and_grad(loss)(w, x, y, deep)
        g = kept = jax.tree.map(lambda v, old: live * v + keep * old, g, kept)
        low = [(scale * jammed * v).astype(jnp.float16) for v in jax.tree.leaves(g)]
        low = jax.tree.unflatten(jax.tree.structure(g), [v.astype(float) / scale for v in low])
        g = jax.tree.map(lambda v, u: jnp.where(scale > 0, u, v), g, low)
        norm = optax.global_norm(g)
        updates, new = optimizer.update(g, state, w)
        taken = jax.tree.map(lambda v, u: v + rate * u, w, updates)
        good = jnp.isfinite(norm) | (scale == 0)
        new = jax.tree.map(lambda u, v: jnp.where(good, u, v), (taken, new), (w, state))
        return value, norm, *new, kept

    return optimizer, step


class Walk:
    """A run as a trainer takes it; a call is a step and returns what there is to log."""

    def __init__(self, data, start, loss, setting):
        self.setting, self.rng = setting, np.random.default_rng(setting.seed)
        self.X, self.y = data(self.rng)
        self.cut = setting.rows or 2 * len(self.X) // 3
        self.w = jax.tree.map(jnp.asarray, start(self.rng, setting))
        self.loss = loss
        optimizer, self.take = compiled(loss, setting.deep, setting.optimizer, setting.decay)
        self.state, self.kept = optimizer.init(self.w), jax.tree.map(jnp.zeros_like, self.w)
        self.scale, self.calm = setting.half, 0

    def __call__(self, k):
        setting, scale, held_out = self.setting, self.scale, np.nan
        rows = self.rng.integers(self.cut, size=32)
        x, y = self.X[rows], self.y[rows]
        if setting.inputs != 1.0:
            x = setting.inputs * (x + 1 / 3)
        if k == setting.bad[0]:
            x = setting.bad[1] * x
        if k == setting.nan:
            x.flat[3] = np.nan
        if "val_loss" in setting.logged and k % (4 * setting.every) == 0:
            held_out = float(self.loss(self.w, self.X[-200:], self.y[-200:], setting.deep))
        loss, norm, self.w, self.state, self.kept = self.take(
            self.w, self.state, self.kept, x, y,
            rate=setting.rate_at(k), scale=scale, jammed=1e30 if k >= setting.jam else 1.0,
            live=1.0 - setting.frozen, keep=float(setting.accumulate),
        )  # fmt: skip
        if scale:  # it halves at inf and doubles in a calm
            self.calm = self.calm + 1 if np.isfinite(norm) else 0
            self.scale *= 0.5 if not self.calm else 2.0 if self.calm % 40 == 0 else 1.0
        size = float(optax.global_norm(self.w))
        values = (k, float(loss), float(norm), setting.rate_at(k), size, scale, held_out)
        names = ("step", "loss", "grad_norm", "lr", "param_norm", "loss_scale", "val_loss")
        return dict(zip(names, values, strict=True))


def family(data, start, loss, *can):
    return partial(Walk, data, start, loss), can


if __name__ == "__main__":
    print_runs(
        {
            "jax mlp": family(
                spirals, mlp_start, mlp_loss, "numbers", "gain", "deep", "dead", "overfit"
            ),
            "jax rnn": family(adding, rnn_start, rnn_loss, "numbers", "gain", "fade"),
        }
    )

"""Cases of training: steps of an MLP and an RNN, many configurations at once.

Every rival makes the same steps from the same weights in float64, and is judged, as we are, by how
far its last weights are from those of automatic differentiation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from benchmarks.harness import Case, Rival, rival
from reglib.networks import MLP, RNN
from reglib.optimizers import Optimizer
from reglib.training import train

Weights = dict[str, Any]
RATE = 0.05
STEPS = 50
"""Steps in one reading of the clock; the table gives the time of them all."""


def cases(seeds: range) -> Iterator[Case]:
    """All of this file."""
    for batch, goals in {32: (0.1, 0.4), 256: (0.25, 0.7)}.items():
        for seed in seeds:
            yield mlp_steps(batch, seed, goals)
    for T in (50, 200):
        for seed in seeds:
            yield rnn_steps(T, seed, (0.2, 0.75))
    for hidden, goals in {8: (1 / 17, 0.7), 16: (1 / 8, 0.7), 64: (1 / 3, 1.0)}.items():
        for seed in seeds:
            yield configurations(hidden, seed, goals)


def rows_of(seed: int, n: int, p: int) -> tuple[np.ndarray, np.ndarray, np.random.Generator]:
    """Gaussian inputs, and targets that are a smooth function of them."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p))
    return X, np.tanh(X[:, 0]) + X[:, 1] / 2, rng


def mlp_steps(batch: int, seed: int, goals: tuple[float, float]) -> Case:
    """Gradient descent on an MLP with 20 inputs and two hidden layers of 64."""
    X, y, rng = rows_of(seed, batch, 20)
    net = MLP(X, y, sizes=(64, 64))
    w0 = net.init(rng)
    ours = _ours(net, w0)
    rivals = [
        rival("torch", "eager", _torch(net, w0, lambda torch: _torch_mlp(torch, X)), goals[0]),
        rival("jax", "jit", _jax(net, w0, _mlp_loss(X, y)), goals[1]),
    ]
    data = f"20-64-64-1, batch {batch}"
    return Case("MLP, 50 training steps", data, seed, ours, rivals, from_oracle(net, w0))


def rnn_steps(T: int, seed: int, goals: tuple[float, float]) -> Case:
    """Gradient descent on a tanh RNN with 50 units, 20 sequences of T steps of 2 numbers."""
    rng = np.random.default_rng(seed)
    u, y = rng.standard_normal((20, T, 2)), rng.standard_normal(20)
    net = RNN(u, y, hidden=50)
    w0 = net.init(rng, gain=0.9)
    rivals = [
        rival("torch", "eager", _torch(net, w0, lambda torch: _torch_rnn(torch, net)), goals[0]),
        rival("jax", "jit", _jax(net, w0, _rnn_loss(net)), goals[1]),
    ]
    data = f"50 units, T = {T}"
    return Case("RNN, 50 training steps", data, seed, _ours(net, w0), rivals, from_oracle(net, w0))


def configurations(hidden: int, seed: int, goals: tuple[float, float]) -> Case:
    """100 learning rates of one MLP: on the leading axis, or one after the other, or by vmap."""
    X, y, rng = rows_of(seed, 32, 20)
    net = MLP(X, y, sizes=(hidden,))
    w0 = np.tile(net.init(rng), (100, 1))
    rates = np.geomspace(RATE / 100, RATE, 100)[:, None]

    def loop() -> np.ndarray:
        return np.stack([_ours(net, w, r)() for w, r in zip(w0, rates[:, 0], strict=True)])

    rivals = [
        Rival("reglib", "one by one", loop, goals[0]),
        rival("jax", "vmap", _jax(net, w0, _mlp_loss(X, y), rates), goals[1]),
    ]
    data, judge = f"20-{hidden}-1, batch 32", from_oracle(net, w0, rates)
    return Case("100 configurations, 50 steps", data, seed, _ours(net, w0, rates), rivals, judge)


def _ours(net: Any, w0: np.ndarray, rate: Any = RATE) -> Callable[[], np.ndarray]:
    return lambda: train(net, Optimizer(learning_rate=rate), w0, n_steps=STEPS).w


def from_oracle(net: Any, w0: np.ndarray, rate: Any = RATE) -> Callable[[np.ndarray], float]:
    """The distance from the weights that automatic differentiation leads to, relative; NaN without.

    jax where it is there, else torch.
    """
    loss = _rnn_loss(net) if isinstance(net, RNN) else _mlp_loss(net.X, net.y)
    oracle = rival("jax", "", _jax(net, w0, loss, rate)).run
    if oracle is None and w0.ndim == 1:
        model = _torch_rnn if isinstance(net, RNN) else _torch_mlp
        data = net if isinstance(net, RNN) else net.X
        oracle = rival("torch", "", _torch(net, w0, lambda torch: model(torch, data))).run
    if oracle is None:
        return lambda w: float("nan")
    right = oracle()
    return lambda w: float(np.linalg.norm(w - right) / np.linalg.norm(right))


def _jax(
    net: Any, w0: np.ndarray, loss: Callable[[Any, Weights], Any], rate: Any = RATE
) -> Callable[[Any], Callable[[], np.ndarray]]:
    """A compiled step, called STEPS times; over the leading axis of w0 by vmap."""

    def make(jax: Any) -> Callable[[], np.ndarray]:
        def step(w: Any, rate: Any) -> Any:
            return w - rate * jax.grad(lambda w: loss(jax, _parts(net, w)))(w)

        once = jax.jit(jax.vmap(step) if w0.ndim == 2 else step)
        rates = jax.numpy.asarray(rate)

        def run() -> np.ndarray:
            w = jax.numpy.asarray(w0)
            for _ in range(STEPS):
                w = once(w, rates)
            return np.asarray(w.block_until_ready())

        return run

    return make


def _parts(net: Any, w: Any) -> Weights:
    return {name: w[s].reshape(net.shapes[name]) for name, s in net._slices.items()}


def _mlp_loss(X: np.ndarray, y: np.ndarray) -> Callable[[Any, Weights], Any]:
    def loss(jax: Any, parts: Weights) -> Any:
        h = jax.numpy.asarray(X)
        for layer in range(1, len(parts) // 2):
            h = jax.numpy.tanh(h @ parts[f"W{layer}"].T + parts[f"b{layer}"])
        return jax.numpy.mean((h @ parts["V"].T + parts["c"] - y[:, None]) ** 2) / 2

    return loss


def _rnn_loss(net: RNN) -> Callable[[Any, Weights], Any]:
    def loss(jax: Any, parts: Weights) -> Any:
        inputs = jax.numpy.asarray(net.u.swapaxes(0, 1)) @ parts["U"].T

        def tick(h: Any, x: Any) -> tuple[Any, None]:
            return jax.numpy.tanh(h @ parts["W"].T + x), None

        h = jax.lax.scan(tick, jax.numpy.zeros((len(net.y), net.hidden)), inputs)[0]
        return jax.numpy.mean((h @ parts["V"].T - net.y[:, None]) ** 2) / 2

    return loss


def _torch(
    net: Any, w0: np.ndarray, model: Callable[[Any], tuple[Any, dict[str, str], Any]]
) -> Callable[[Any], Callable[[], np.ndarray]]:
    """Modules, autograd and torch.optim.SGD, as in its tutorials."""

    def make(torch: Any) -> Callable[[], np.ndarray]:
        module, names, inputs = model(torch)
        y, found = torch.as_tensor(net.y)[:, None], dict(module.named_parameters())
        optimizer = torch.optim.SGD([p for p in found.values() if p.requires_grad], lr=RATE)

        def run() -> np.ndarray:
            with torch.no_grad():
                for name, value in net.unpack(w0).items():
                    found[names[name]].copy_(torch.as_tensor(value))
            for _ in range(STEPS):
                optimizer.zero_grad()
                loss = torch.mean((module(inputs) - y) ** 2) / 2
                loss.backward()
                optimizer.step()
            return np.concatenate([found[names[n]].detach().numpy().ravel() for n in net.shapes])

        return run

    return make


def _torch_mlp(torch: Any, X: np.ndarray) -> tuple[Any, dict[str, str], Any]:
    nn = torch.nn
    module = nn.Sequential(
        nn.Linear(20, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 1)
    ).double()
    names = {"W1": "0.weight", "b1": "0.bias", "W2": "2.weight", "b2": "2.bias"}
    return module, names | {"V": "4.weight", "c": "4.bias"}, torch.as_tensor(X)


def _torch_rnn(torch: Any, net: RNN) -> tuple[Any, dict[str, str], Any]:
    class Last(torch.nn.Module):
        """A readout of the last state, without biases."""

        def __init__(self) -> None:
            super().__init__()
            self.cells = torch.nn.RNN(net.u.shape[-1], net.hidden, bias=False, batch_first=True)
            self.out = torch.nn.Linear(net.hidden, 1, bias=False)

        def forward(self, u: Any) -> Any:
            return self.out(self.cells(u)[0][:, -1])

    names = {"W": "cells.weight_hh_l0", "U": "cells.weight_ih_l0", "V": "out.weight"}
    return Last().double(), names, torch.as_tensor(net.u)

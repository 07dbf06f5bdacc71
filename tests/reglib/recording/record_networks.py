"""Record the losses and gradients that automatic differentiation gives for small networks.

Run with JAX in an environment of its own; the tests read the file it writes and need no JAX:

    python tests/reglib/recording/record_networks.py > book/trial/data/recorded/networks.json

The networks are written again here, for one weight vector, from their formulas; nothing of reglib
is imported. Weights and data are sines of whole numbers, so that no random stream can change them.
"""

import json

import jax
import jax.numpy as jnp
import numpy as np
from sines import numbers, take

jax.config.update("jax_enable_x64", True)
PHI = {"tanh": jnp.tanh, "relu": jax.nn.relu, "linear": lambda z: z}


def loss_of(output, y, loss):
    if loss == "squared":
        return ((output[:, 0] - y) ** 2).mean() / 2
    return (jax.nn.logsumexp(output, axis=1) - output[jnp.arange(len(y)), y]).mean()


def mlp(w, X, y, sizes, activation, loss, bias):
    outputs = 1 if loss == "squared" else 3
    shapes, read = {}, X.shape[1]
    for i, width in enumerate([*sizes, outputs]):
        shapes[f"W{i}"] = (width, read)
        if bias:
            shapes[f"b{i}"] = (width,)
        read = width
    parts, h = take(w, shapes), X
    for i in range(len(sizes) + 1):
        z = h @ parts[f"W{i}"].T + (parts[f"b{i}"] if bias else 0)
        h = PHI[activation](z) if i < len(sizes) else z
    return loss_of(h, y, loss)


def rnn(w, u, y, hidden, activation, loss):
    outputs = 1 if loss == "squared" else 3
    shapes = {"W": (hidden, hidden), "U": (hidden, u.shape[2]), "V": (outputs, hidden)}
    parts, h = take(w, shapes), jnp.zeros((u.shape[0], hidden))
    for t in range(u.shape[1]):
        h = PHI[activation](h @ parts["W"].T + u[:, t] @ parts["U"].T)
    return loss_of(h @ parts["V"].T, y, loss)


def main():
    cases = []
    y = {"squared": np.array([0.3, -1.0, 0.8, 0.1]), "softmax": np.array([0, 2, 1, 2])}
    for activation in PHI:
        for loss in y:
            for bias in (True, False):
                X, sizes = numbers(4, 3, phase=0.4), [5, 4]
                size = sum(
                    (fan + bias) * out
                    for fan, out in zip(
                        [3, 5, 4], [5, 4, 1 if loss == "squared" else 3], strict=True
                    )
                )
                w = numbers(size, size=0.7)
                value, gradient = jax.value_and_grad(mlp)(
                    w, X, y[loss], sizes, activation, loss, bias
                )
                cases.append(
                    {"kind": "mlp", "activation": activation, "loss": loss, "bias": bias}
                    | {"X": X.tolist(), "y": y[loss].tolist(), "sizes": sizes, "w": w.tolist()}
                    | {"value": float(value), "gradient": np.asarray(gradient).tolist()}
                )
            u = numbers(4, 7, 2, phase=0.9)
            size = 5 * 5 + 5 * 2 + 5 * (1 if loss == "squared" else 3)
            w = numbers(size, size=0.8)
            value, gradient = jax.value_and_grad(rnn)(w, u, y[loss], 5, activation, loss)
            cases.append(
                {"kind": "rnn", "activation": activation, "loss": loss, "hidden": 5}
                | {"u": u.tolist(), "y": y[loss].tolist(), "w": w.tolist()}
                | {"value": float(value), "gradient": np.asarray(gradient).tolist()}
            )
    made = f"JAX {jax.__version__}, float64, value_and_grad; see record_networks.py"
    print(json.dumps({"made_with": made, "cases": cases}))


if __name__ == "__main__":
    main()

"""Record the losses and gradients that PyTorch gives for gated units and small transformers.

Run in an environment of its own with PyTorch; the tests read the file it writes:

    python tests/reglib/recording/record_torch.py > book/trial/data/recorded/torch_networks.json

The GRU is `torch.nn.GRU(bias=False)`, float64: torch stacks its gates in the order reset, update,
new (Wr, Wz, Wc here), lets the reset gate act on W h and not on h, and keeps the old state with
the update gate. The transformer is written here from its formulas, with torch's own layers where
there is one: scaled_dot_product_attention, rms_norm, cross_entropy. Nothing of reglib is imported.
Weights and data are sines of whole numbers, so that no random stream can change them.
"""

import json

import numpy as np
import torch
from sines import numbers, take
from torch.nn import functional

torch.set_default_dtype(torch.float64)


def gru(w, u, y, hidden, loss):
    outputs = 1 if loss == "squared" else 3
    d = u.shape[2]
    shapes = {"hh": (3 * hidden, hidden), "ih": (3 * hidden, d), "V": (outputs, hidden)}
    parts = take(w, shapes)
    net = torch.nn.GRU(d, hidden, bias=False, batch_first=True)
    own = {"weight_ih_l0": parts["ih"], "weight_hh_l0": parts["hh"]}
    _, h = torch.func.functional_call(net, own, torch.tensor(u))
    z = h[0] @ parts["V"].T
    if loss == "squared":
        return ((z[:, 0] - torch.tensor(y)) ** 2).mean() / 2
    return functional.cross_entropy(z, torch.tensor(y))


def transformer_shapes(V, d, H, L, width, T, norm, qk_norm, tied):
    shapes = {"E": (V, d), "P": (T, d), **dict.fromkeys(("Wq", "Wk", "Wv", "Wo"), (L, d, d))}
    shapes |= {"W1": (L, width, d), "W2": (L, d, width)}
    shapes |= {} if tied else {"R": (V, d)}
    shapes |= {"g1": (L, d), "g2": (L, d)} if norm else {}
    shapes |= {"g": (d,)} if norm == "pre" else {}
    return shapes | ({"gq": (L, d // H), "gk": (L, d // H)} if qk_norm else {})


def rms(x, g):
    return functional.rms_norm(x, (x.shape[-1],), g, eps=1e-6)


def transformer(w, tokens, shapes, given, heads, norm, tied):
    p, tokens = take(w, shapes), torch.tensor(tokens)
    n, T = tokens.shape[0], tokens.shape[1] - 1
    d = shapes["E"][1]
    x = functional.embedding(tokens[:, :-1], p["E"]) + p["P"][:T]

    def attention(x, layer):
        read = []
        for name in "qkv":
            z = functional.linear(x, p[f"W{name}"][layer]).reshape(n, T, heads, -1).transpose(1, 2)
            read.append(rms(z, p[f"g{name}"][layer]) if f"g{name}" in p else z)
        y = functional.scaled_dot_product_attention(*read, is_causal=True)
        return functional.linear(y.transpose(1, 2).reshape(n, T, d), p["Wo"][layer])

    def feed_forward(x, layer):
        return functional.linear(
            functional.relu(functional.linear(x, p["W1"][layer])), p["W2"][layer]
        )

    for layer in range(shapes["Wq"][0]):
        for gain, part in (("g1", attention), ("g2", feed_forward)):
            inner = rms(x, p[gain][layer]) if norm == "pre" else x
            x = x + part(inner, layer)
            x = rms(x, p[gain][layer]) if norm == "post" else x
    x = rms(x, p["g"]) if norm == "pre" else x
    z = functional.linear(x, p["E"] / d**0.5 if tied else p["R"])[:, given - 1 :]
    return functional.cross_entropy(z.reshape(-1, z.shape[-1]), tokens[:, given:].reshape(-1))


def recorded(loss, w, *arguments):
    t = torch.tensor(w, requires_grad=True)
    value = loss(t, *arguments)
    value.backward()
    return {"w": w.tolist(), "value": value.item(), "gradient": t.grad.tolist()}


def main():
    cases, u = [], numbers(4, 7, 2, phase=0.9)
    for loss, y in {"squared": [0.3, -1.0, 0.8, 0.1], "softmax": [0, 2, 1, 2]}.items():
        w = numbers(3 * 25 + 3 * 10 + 5 * (1 if loss == "squared" else 3), size=0.8)
        found = recorded(gru, w, u, np.array(y), 5, loss)
        cases.append({"kind": "gru", "loss": loss, "hidden": 5, "u": u.tolist(), "y": y} | found)
    tokens = (np.arange(1, 22) ** 2 % 5).reshape(3, 7)
    for norm in ("pre", "post", None):
        for qk_norm in (False, True):
            for tied in (False, True):
                shapes = transformer_shapes(5, 6, 2, 2, 8, 7, norm, qk_norm, tied)
                w = numbers(sum(int(np.prod(s)) for s in shapes.values()), size=0.8)
                found = recorded(transformer, w, tokens, shapes, 3, 2, norm, tied)
                options = {"norm": norm, "qk_norm": qk_norm, "tied": tied}
                del found["w"]  # numbers(size, size=0.8) again
                case = {"kind": "transformer", "options": options, "tokens": tokens.tolist()}
                cases.append(case | found)
    made = f"PyTorch {torch.__version__.split('+')[0]}, float64, backward; see record_torch.py"
    print(json.dumps({"made_with": made, "cases": cases}))


if __name__ == "__main__":
    main()

"""A decoder-only transformer (Vaswani et al. 2017): each formula beside its derivative."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, partial
from math import prod
from typing import Annotated, Any

import numpy as np
from numpy.typing import ArrayLike

from reglib import inputs
from reglib.inputs import Array, Count, Generators, Rows, checked
from reglib.networks._network import Network, OfSize, Shapes
from reglib.networks._units import output_loss

Norm = Annotated[str, partial(inputs.one_of, choices=("pre", "post"))]
Tokens = Annotated[ArrayLike, inputs.finite]
EPS = 1e-6
"""Added to the mean square of what is normalized."""
Back = Callable[[Array], tuple[Array, ...]]
"""From the gradient at what a part gives to the gradients at what it takes, in that order."""


def linear(x: Array, W: Array) -> tuple[Array, Back]:
    """y = x W' for every row of x."""
    return x @ W.mT, lambda dy: (dy @ W, dy.mT @ x)


def relu(x: Array) -> tuple[Array, Back]:
    """max(x, 0); the slope is 0 at the kink."""
    return np.where(x.real <= 0, 0, x), lambda dy: (dy * (x.real > 0),)


def rms_norm(x: Array, g: Array) -> tuple[Array, Back]:
    """y = g u, u = x / r, r^2 a row's mean square. Zhang, Sennrich 2019."""
    g = g[..., None, :]
    r = np.sqrt(np.square(x).mean(axis=-1, keepdims=True) + EPS)
    u = x / r

    def back(dy: Array) -> tuple[Array, Array]:
        du = g * dy
        along = (u * du).mean(axis=-1, keepdims=True)
        return (du - u * along) / r, (u * dy).sum(axis=-2)

    return g * u, back


def softmax(s: Array) -> tuple[Array, Back]:
    """p_j = exp(s_j) / sum_i exp(s_i); largest s taken off first."""
    p = np.exp(s - s.max(axis=-1, keepdims=True))
    p /= p.sum(axis=-1, keepdims=True)

    def back(dp: Array) -> tuple[Array]:
        return (p * (dp - (p * dp).sum(axis=-1, keepdims=True)),)

    return p, back


def attend(q: Array, k: Array, v: Array) -> tuple[Array, Array, Back]:
    """y = softmax(s) v, s = q k' / sqrt(d), -inf where it would see ahead."""
    scale, past = q.shape[-1] ** -0.5, np.tri(q.shape[-2], dtype=bool)
    s = np.where(past, scale * (q @ k.mT), -np.inf)
    p, back_softmax = softmax(s)

    def back(dy: Array) -> tuple[Array, Array, Array]:
        ds = scale * back_softmax(dy @ v.mT)[0]
        return ds @ k, ds.mT @ q, p.mT @ dy

    return p @ v, s, back


@checked
@dataclass(frozen=True, eq=False)
class Transformer(Network):
    """x = E token + P position; in each layer x <- x + attention(x), x <- x + W2 relu(W1 x).

    tokens (..., n, T + 1): n sequences of whole numbers from 0 to vocabulary - 1. Steps 1..T read
    the first T tokens and each gives one softmax of R x for the token that follows; a step attends
    to itself and to earlier ones. The loss is the mean of -log p over the tokens after the first
    `given` of each sequence.

    norm="pre" puts a root-mean-square norm with a gain in front of every attention, every pair of
    W1 and W2, and R; "post" one behind every sum; None none. qk_norm=True normalizes queries and
    keys, tied=True reads out E / sqrt(width) instead of R. `width` d is split among `heads`,
    `hidden` is the number of rows of W1 (default 2 d), `length` the largest T (default: that of
    the tokens). No biases.

    The flat vector holds E (vocabulary, d), P (length, d), then Wq, Wk, Wv, Wo (layers, d, d),
    W1 (layers, hidden, d), W2 (layers, d, hidden), R (vocabulary, d) and the gains: g1, g2
    (layers, d), g (d,) of R, gq, gk (layers, d / heads). ValueError: heads that do not divide the
    width, sequences longer than `length`, tokens out of range. Source: Vaswani et al. 2017; Xiong
    et al. 2020 for the two places of the norm.

    >>> net = Transformer([[0, 1, 2, 0, 1, 2]], vocabulary=3, given=3, width=8, layers=1)
    >>> w = net.init(np.random.default_rng(0))
    >>> w.shape, net.output(w).shape, net.gradient(w).shape
    ((624,), (1, 3, 3), (624,))
    """

    tokens: Tokens
    vocabulary: Count
    given: Count = 1
    width: Count = 16
    heads: Count = 2
    layers: Count = 2
    hidden: Count | None = None
    norm: Norm | None = "pre"
    qk_norm: bool = False
    tied: bool = False
    length: Count | None = None

    def __post_init__(self) -> None:
        tokens, V, given = self.tokens, self.vocabulary, self.given
        wrong = (tokens != np.floor(tokens)) | (tokens < 0) | (tokens >= V)
        if wrong.any():
            raise ValueError(
                f"tokens must be whole numbers from 0 to {V - 1}, got {tokens[wrong][0]:g}"
            )
        if tokens.ndim < 2 or tokens.shape[-1] <= given:
            raise ValueError(
                f"tokens must have shape (..., sequences, more than given = {given}), "
                f"got {tokens.shape}"
            )
        T, d = tokens.shape[-1] - 1, self.width
        length = T if self.length is None else self.length
        rule = f"have at most length + 1 = {length + 1} steps"
        inputs.that("tokens", length >= T, rule, T + 1)
        inputs.that("heads", d % self.heads == 0, f"divide width = {d}", self.heads)
        hidden = 2 * d if self.hidden is None else self.hidden
        self._keep(tokens=tokens.astype(np.int64), length=length, hidden=hidden)

    @cached_property
    def shapes(self) -> Shapes:
        V, L, d, F = self.vocabulary, self.layers, self.width, self.hidden
        shapes: Shapes = {"E": (V, d), "P": (self.length, d)}
        shapes |= dict.fromkeys(("Wq", "Wk", "Wv", "Wo"), (L, d, d))
        shapes |= {"W1": (L, F, d), "W2": (L, d, F)}
        shapes |= {} if self.tied else {"R": (V, d)}
        shapes |= {"g1": (L, d), "g2": (L, d)} if self.norm else {}
        shapes |= {"g": (d,)} if self.norm == "pre" else {}
        return shapes | (dict.fromkeys(("gq", "gk"), (L, d // self.heads)) if self.qk_norm else {})

    def init(self, rng: Generators, scaled: bool = True) -> Array:
        """Initial weights (P,), or (S, P) from a list of S generators.

        Matrices (m, n) are N(0, 1/n), E and P N(0, 1), gains 1. With `scaled`, Wo and W2, which
        write into the sum, are divided by sqrt(2 layers).
        """
        deviation = {name: shape[-1] ** -0.5 for name, shape in self.shapes.items()}
        deviation |= {"E": 1.0, "P": 1.0}
        for name in ("Wo", "W2") if scaled else ():
            deviation[name] *= (2 * self.layers) ** -0.5

        def weights(r: np.random.Generator) -> Array:
            draws = [
                np.ones(prod(shape))
                if name.startswith("g")
                else deviation[name] * r.standard_normal(prod(shape))
                for name, shape in self.shapes.items()
            ]
            return np.concatenate(draws)

        return inputs.each(rng, weights)

    @property
    def n_rows(self) -> int:
        return self.tokens.shape[-2]

    def on(self, rows: Rows) -> Transformer:
        """The same network on some of the sequences."""
        return replace(self, tokens=self.tokens[..., rows, :])

    @property
    def answers(self) -> Any:
        """The tokens that are asked for, (..., n, T + 1 - given)."""
        return self.tokens[..., self.given :]

    def _attention(self, x: Array, w: dict[str, Array]) -> tuple[Array, Array, Any]:
        """Wo attend(Wq x, Wk x, Wv x), in `heads` parts: y, the scores, and back."""
        steps, heads = self.tokens.shape[-1] - 1, self.heads
        lead, d = x.shape[:-2], self.width // heads
        split = lambda z: z.reshape(*lead, -1, steps, heads, d).swapaxes(-3, -2)  # noqa: E731
        join = lambda z: z.swapaxes(-3, -2).reshape(*lead, -1, heads * d)  # noqa: E731
        backs, read = {}, {}
        for name in "qkv":
            z, backs[f"W{name}"] = linear(x, w[f"W{name}"])
            if f"g{name}" in w:
                z, backs[f"g{name}"] = rms_norm(z.reshape(*lead, -1, d), w[f"g{name}"])
            read[name] = split(z)
        mixed, scores, back_attend = attend(**read)
        y, back_out = linear(join(mixed), w["Wo"])

        def back(dy: Array) -> tuple[Array, dict[str, Array]]:
            grads, dx = {}, 0.0
            dmixed, grads["Wo"] = back_out(dy)
            for name, dz in zip("qkv", back_attend(split(dmixed)), strict=True):
                dz = join(dz)
                if f"g{name}" in w:
                    dz, grads[f"g{name}"] = backs[f"g{name}"](dz.reshape(*lead, -1, d))
                    dz = dz.reshape(dy.shape)
                dread, grads[f"W{name}"] = backs[f"W{name}"](dz)
                dx = dx + dread
            return dx, grads

        return y, scores, back

    def _feed_forward(self, x: Array, w: dict[str, Array]) -> tuple[Array, None, Any]:
        """W2 relu(W1 x), and back; it has no scores."""
        z, back_1 = linear(x, w["W1"])
        h, back_relu = relu(z)
        y, back_2 = linear(h, w["W2"])

        def back(dy: Array) -> tuple[Array, dict[str, Array]]:
            dh, in_W2 = back_2(dy)
            dx, in_W1 = back_1(back_relu(dh)[0])
            return dx, {"W1": in_W1, "W2": in_W2}

        return y, None, back

    def _residual(self, x: Array, w: dict[str, Array], gain: str, part: Any) -> tuple[Any, ...]:
        """x + part(x), with the norm before the part, behind the sum, or nowhere."""
        inner, back_pre = rms_norm(x, w[gain]) if self.norm == "pre" else (x, None)
        y, scores, back_part = part(inner, w)
        out, back_post = rms_norm(x + y, w[gain]) if self.norm == "post" else (x + y, None)

        def back(dout: Array) -> tuple[Array, dict[str, Array]]:
            grads = {}
            if back_post:
                dout, grads[gain] = back_post(dout)
            dx, inside = back_part(dout)
            if back_pre:
                dx, grads[gain] = back_pre(dx)
            return dout + dx, grads | inside

        return out, scores, back

    def _embed(self, w: dict[str, Array], lead: tuple[int, ...]) -> tuple[Array, Any]:
        """E token + P position of every step, (..., rows, d)."""
        n, steps, d = self.n_rows, self.tokens.shape[-1] - 1, self.width
        seen = (self.tokens[..., :-1, None] == np.arange(self.vocabulary)).astype(float)
        seen = seen.reshape(*seen.shape[:-3], n * steps, self.vocabulary)
        x, back_words = linear(seen, w["E"].mT)
        x = x.reshape(*lead, n, steps, d) + w["P"][..., None, :steps, :]

        def back(dx: Array) -> dict[str, Array]:
            in_P = np.zeros((*lead, self.length, d), dx.dtype)
            in_P[..., :steps, :] = dx.reshape(x.shape).sum(axis=-3)
            return {"E": back_words(dx)[1].mT, "P": in_P}

        return x.reshape(*lead, n * steps, d), back

    def _read(self, x: Array, w: dict[str, Array]) -> tuple[Array, Any]:
        """R x, or E x / sqrt(d), at the steps that are asked, behind a norm when it is "pre"."""
        shape = (*x.shape[:-2], self.n_rows, -1, self.width)
        asked = x.reshape(shape)[..., self.given - 1 :, :]
        rows = asked.reshape(*x.shape[:-2], -1, self.width)
        rows, back_norm = rms_norm(rows, w["g"]) if self.norm == "pre" else (rows, None)
        name, scale = ("E", self.width**-0.5) if self.tied else ("R", 1.0)
        z, back_out = linear(rows, scale * w[name])

        def back(dz: Array) -> tuple[Array, dict[str, Array]]:
            drows, in_out = back_out(dz)
            grads = {name: scale * in_out}
            if back_norm:
                drows, grads["g"] = back_norm(drows)
            dx = np.zeros_like(x)
            dx.reshape(shape)[..., self.given - 1 :, :] = drows.reshape(asked.shape)
            return dx, grads

        return z, back

    def _forward(self, w: Array) -> tuple[Array, list[Array], Any]:
        """The outputs (..., rows, vocabulary), each layer's scores, and what goes back."""
        parts, scores, backs = self._parts(w), [], []
        lead = inputs.leading({"w": w.shape[:-1], "tokens": self.tokens.shape[:-2]})
        x, back_embed = self._embed(parts, lead)
        for layer in range(self.layers):
            own = {k: a[..., layer, :, :] for k, a in parts.items() if k[0] == "W"}
            own |= {k: a[..., layer, :] for k, a in parts.items() if k[0] == "g" and k != "g"}
            for gain, part in {"g1": self._attention, "g2": self._feed_forward}.items():
                x, s, back_part = self._residual(x, own, gain, part)
                backs.append(back_part)
                scores += [] if s is None else [s]
        z, back_read = self._read(x, parts)

        def back(dz: Array) -> Array:
            dx, grads = back_read(dz)
            layers = defaultdict(list)
            for back_part in reversed(backs):
                dx, inside = back_part(dx)
                for name, gradient in inside.items():
                    layers[name].insert(0, gradient)
            for name, each in layers.items():
                grads[name] = np.stack(each, axis=-len(self.shapes[name]))
            for name, gradient in back_embed(dx).items():  # E is read out too when it is tied
                grads[name] = gradient + grads.get(name, 0)
            return self._pack(grads, lead)

        return z, scores, back

    def _both(self, w: Array) -> tuple[Array, Array]:
        z, _, back = self._forward(w)
        value, dz = output_loss(z, self._flat_answers, "softmax")
        return value, back(dz)

    @property
    def _flat_answers(self) -> Any:
        return self.answers.reshape(*self.tokens.shape[:-2], -1)

    def value(self, w: OfSize) -> Array:
        return output_loss(self._forward(w)[0], self._flat_answers, "softmax")[0]

    def output(self, w: OfSize) -> Array:
        """The logarithms, up to a constant, of the answers' p: (..., n, T + 1 - given, V)."""
        z = self._forward(w)[0]
        return z.reshape(*z.shape[:-2], self.n_rows, -1, self.vocabulary)

    def scores(self, w: OfSize) -> Array:
        """The attention logits (..., layers, n, heads, T, T); -inf where a step would look ahead.

        A watch may log the largest: `net.scores(step.w).max(axis=(-5, -4, -3, -2, -1))`.
        """
        return np.stack(self._forward(w)[1], axis=-5)

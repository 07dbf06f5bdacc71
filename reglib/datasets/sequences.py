"""Sequences: two tasks that ask a recurrent network for a memory, and handwritten digits."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from reglib.extras import extra
from reglib.inputs import Array, Count, FractionNumber, Generators, checked, generators


class Sequences(NamedTuple):
    """Sequences u (..., n, T, d): n of T steps of d numbers, and a target for each, y (..., n)."""

    u: Array
    y: Array


@checked
def leaky_memory(
    rng: Generators, n: Count, length: Count, *, decay: FractionNumber = 0.9
) -> Sequences:
    """y = sqrt(1 - decay^2) sum_t decay^(T-t) u_t for Gaussian u: a memory that fades by itself.

    n sequences of T = length standard normal numbers, u (n, T, 1); y has a variance of about 1. A
    list of S generators gives one set for each, u (S, n, T, 1). 0 <= decay < 1.

    >>> leaky_memory(np.random.default_rng(0), n=3, length=40).u.shape
    (3, 40, 1)
    """
    u = _noise(rng, n, length)
    weights = np.sqrt(1 - decay**2) * decay ** np.arange(length - 1, -1, -1)
    return Sequences(u[..., None], u @ weights)


@checked
def first_input(rng: Generators, n: Count, length: Count) -> Sequences:
    """y = u_1 for Gaussian u_1..u_T: everything after the first step is noise to be ignored.

    n sequences of T = length standard normal numbers, u (n, T, 1), or (S, n, T, 1) from a list of
    S generators. A network must carry one number through T - 1 steps.

    >>> data = first_input(np.random.default_rng(0), n=3, length=20)
    >>> bool((data.y == data.u[:, 0, 0]).all())
    True
    """
    u = _noise(rng, n, length)
    return Sequences(u[..., None], u[..., 0].copy())


def _noise(rng: Generators, n: int, length: int) -> Array:
    draws = [r.standard_normal((n, length)) for r in generators(rng)]
    return draws[0] if isinstance(rng, np.random.Generator) else np.stack(draws)


def digits() -> Sequences:
    """1797 handwritten digits, read row by row: u (1797, 8, 8) with ink from 0 to 1, y their label.

    A step is a row of 8 pixels, from the top down. Needs scikit-learn, which carries the data;
    nothing is downloaded. Source: Alpaydin and Kaynak 1998, UCI Machine Learning Repository.

    >>> digits().u.shape
    (1797, 8, 8)
    """
    with extra("sklearn"):
        from sklearn.datasets import load_digits

    data = load_digits()
    return Sequences(data.images / 16, data.target.astype(np.float64))

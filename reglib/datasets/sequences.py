"""Sequences: tasks that ask for a memory, a short text, and handwritten digits."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from reglib.extras import extra
from reglib.inputs import Array, Count, FractionNumber, Generators, checked, each, that

TEXT = (
    "a loss falls when each step is small and the slope is true. a step that is too long climbs "
    "the far wall of the valley, and the next one climbs higher still. then the numbers grow until "
    "they are no numbers at all. a clip holds the step, a norm holds the size, a slow start gives "
    "both of them time. what a penalty holds is the weights, and it holds them with the same hand "
    "that moves them. so look first at what grows, and only then choose the tool for it."
)
"""Own sentences, typed in: 454 characters, 27 of them different."""


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
    u = each(rng, lambda r: r.standard_normal((n, length)))
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
    u = each(rng, lambda r: r.standard_normal((n, length)))
    return Sequences(u[..., None], u[..., 0].copy())


@checked
def copy_task(rng: Generators, n: Count, half: Count = 6, symbols: Count = 8) -> NDArray[np.int64]:
    """n sequences of `half` random symbols and the same once more: tokens (n, 2 half).

    Symbols are whole numbers from 0 to symbols - 1; whoever guesses the second half has a loss of
    log(symbols). A list of S generators gives one set for each, (S, n, 2 half).

    >>> copy_task(np.random.default_rng(0), n=1, half=3)
    array([[6, 5, 4, 6, 5, 4]])
    """
    drawn = each(rng, lambda r: r.integers(symbols, size=(n, half)))
    return np.concatenate([drawn, drawn], axis=-1)


@checked
def typed_text(rng: Generators, n: Count, length: Count = 17) -> NDArray[np.int64]:
    """n pieces of `TEXT`, cut at random places: tokens (n, length), or (S, n, length).

    A token is the place of a character in `sorted(set(TEXT))`. ValueError: a length beyond the
    text.

    >>> piece = typed_text(np.random.default_rng(0), n=1, length=9)[0]
    >>> "".join(sorted(set(TEXT))[token] for token in piece)
    'es them. '
    """
    that("length", length <= len(TEXT), f"be at most {len(TEXT)}", length)
    letters = np.array(sorted(set(TEXT)))
    text = np.searchsorted(letters, list(TEXT))
    starts = each(rng, lambda r: r.integers(len(TEXT) - length + 1, size=(n, 1)))
    return text[starts + np.arange(length)]


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

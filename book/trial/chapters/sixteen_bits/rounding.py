"""Numbers of sixteen bits, kept in float32: each function gives the nearest one that exists."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Singles = NDArray[np.float32]


def cut(x: Any, drop: int) -> Singles:
    """x in float32 with its last `drop` bits zero, to nearest, ties even."""
    x = np.asarray(x, np.float32)
    bits = x.view(np.uint32)
    last = bits >> drop & 1  # of the bits that stay
    near = bits + (1 << drop - 1) - 1 + last >> drop << drop
    return np.where(np.isnan(x), x, near.astype(np.uint32).view(np.float32))


def bfloat16(x: Any) -> Singles:
    """Sign, 8 bits of exponent, 7 of fraction: half of a float32."""
    return cut(x, 16)


def float16(x: Any) -> Singles:
    """Sign, 5 bits of exponent, 10 of fraction; inf from 65,520 on.

    Below 2^-14 they stand 2^-24 apart, as float32 does near 0.75.
    """
    x = np.asarray(x, np.float32)
    small = np.copysign((x + np.float32(0.75)) - np.float32(0.75), x)
    near = np.where(np.abs(x) < 2**-14, small, cut(x, 13))
    return np.where(np.abs(near) > 65504, np.copysign(np.inf, x), near)


def float32(x: Any) -> Singles:
    """As it is."""
    return np.asarray(x, np.float32)

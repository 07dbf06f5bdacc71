"""What is measured on a trace, once, before any rule is asked."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from math import comb, isfinite, log, nan, sqrt
from operator import mul, sub

from reglib.doctor.trace import Trace

WINDOW = 16
"""Rows that say what is usual before a row."""
MOST = 4000
"""A median of more rows than this is one of so many rows, evenly chosen."""


@dataclass
class Jump:
    """A rise of the loss that stands out: rows begin to end - 1, the highest at peak.

    `height` is the excess in units of what the run usually does, `ratio` the highest over the usual
    loss before, `lead` what moved before it, `recovered` whether the loss came back, `sudden`
    whether two rows bring half of the rise (of its logarithm) after eight calm ones.
    """

    begin: int
    peak: int
    end: int
    before: float
    height: float
    recovered: bool
    lead: str = ""
    sudden: bool = False

    @property
    def rows(self) -> int:
        return self.end - self.begin


@dataclass
class Measures:
    """start and end: medians of the first and last losses; noise: of one row to the next.

    base is the first loss where the log begins with the run and start is higher already.
    """

    n: int
    start: float
    base: float
    end: float
    early: float
    late: float
    lowest: float
    noise: float
    rough: float
    turns: int
    moves: int
    jumps: list[Jump]
    growth: int
    factor: float
    norms: Sequence[float]
    norm: float
    wild: float
    zeros: float
    blocks: list[float]
    peaked: bool
    high: int

    @property
    def falls(self) -> bool:
        """The loss came down by more than its noise; by half where it lies near 0 but for peaks."""
        if self.peaked:
            return self.late < 0.5 * self.early
        return self.late < self.early - self.noise / sqrt(max(1, self.n // 4))

    @property
    def left(self) -> float:
        """The share of the first loss that is left; 1 where the loss has no zero to count from."""
        return self.end / self.start if self.start > 0 and self.lowest >= 0 else nan


def median(values: Sequence[float]) -> float:
    """The middle of the numbers; NaN of none."""
    if len(values) > MOST:
        values = values[:: len(values) // MOST + 1]
    kept = sorted(v for v in values if v == v)
    half = len(kept) // 2
    if not kept:
        return nan
    return kept[half] if len(kept) % 2 else (kept[half - 1] + kept[half]) / 2


def quantile(values: Sequence[float], share: float) -> float:
    """The value that a share of the numbers lies below; NaN of none."""
    if len(values) > MOST:
        values = values[:: len(values) // MOST + 1]
    kept = sorted(v for v in values if v == v)
    return kept[min(len(kept) - 1, int(share * len(kept)))] if kept else nan


def measure(t: Trace) -> Measures:
    """Everything that the rules look at."""
    f, n = t.f, len(t.f)
    edge = max(1, min(max(3, n // 6), n // 3, 20))
    norms = array("d", (g for g in t.g if g == g))
    differences = array("d", map(sub, f[1:], f))
    growth, factor = _growth(f)
    size = block(n)
    # A quarter of a block's losses lies below: a run that left its level has none there.
    blocks = [quantile(f[at : at + size], 0.25) for at in range(0, n - size + 1, size)]
    start = median(f[: max(1, min(3, n // 4))])
    return Measures(
        n=n,
        start=start,
        base=min(start, f[0]) if n and t.begins else start,
        end=median(f[-edge:]) if n else nan,
        early=median(f[: n // 2]),
        late=median(f[n // 2 :]),
        lowest=min(f, default=nan),
        noise=median(array("d", map(abs, differences))) if n > 1 else 0.0,
        rough=_rough(f),
        turns=sum(map((0.0).__gt__, map(mul, differences, differences[1:]))),
        moves=max(0, len(differences) - 1 - differences[1:].count(0.0)),
        jumps=_jumps(t, array("d", map(abs, differences))),
        growth=growth,
        factor=factor,
        norms=norms,
        norm=median(norms),
        wild=quantile(norms, 0.97) / median(norms) if norms and median(norms) > 0 else nan,
        zeros=sum(g == 0 for g in norms) / len(norms) if norms else 0.0,
        blocks=blocks,
        peaked=n >= 8 and 0 <= quantile(f, 0.5) < 0.1 * quantile(f, 0.9),
        high=max(range(len(blocks)), key=blocks.__getitem__, default=0),
    )


def _rough(f: Sequence[float]) -> float:
    """The standard deviation of a row's logarithm around its neighbors, from the quiet quarter.

    A quarter of |x - y| lies below 0.32 times the deviation of x - y, which is sqrt(2) that of x.
    """
    every = max(1, len(f) // MOST)
    pairs = [(f[i], f[i + 1]) for i in range(0, len(f) - 1, every)]
    moves = [abs(log(b / a)) for a, b in pairs if a > 0 and b > 0]
    return quantile(moves, 0.25) / 0.45 if moves else 0.0


def block(n: int) -> int:
    """Rows of a block: a sixteenth of the run, at least 3; single rows of a short run."""
    return max(3, n // 16) if n >= 12 else 1


def _growth(f: Sequence[float]) -> tuple[int, float]:
    """How many rows at the end each lie above the one before (one may not), and the factor."""
    row, misses = len(f) - 1, 0
    best = row
    while row > 0 and misses < 2:
        if f[row] > f[row - 1] and f[row - 1] != 0:
            best = row - 1
        else:
            misses += 1
        row -= 1
    rows = len(f) - 1 - best
    return rows, f[-1] / f[best] if rows > 0 and f[best] > 0 else 1.0


def _jumps(t: Trace, moves: Sequence[float]) -> list[Jump]:
    """Rises of the loss beyond what the rows before and the run's own noise make likely."""
    f, n = t.f, len(t.f)
    usual = 2 * quantile(moves, 0.25) if moves else 0.0  # of noise, twice that is the median
    every = max(1, n // MOST)
    few = 8 if n >= 16 else 2  # rows that say what is usual; a short log cannot spare more
    quiet: list[float] = []
    found: list[Jump] = []
    level, limit, row = 0.0, 0.0, 0
    while row < n:
        if len(quiet) >= 2 and (row % every == 0 or row < WINDOW):
            level, limit = _usual(quiet[-WINDOW:], usual)
        if row < few or f[row] <= limit:
            quiet.append(f[row])
            row += 1
            continue
        begin, low = row, level + (limit - level) / 3
        while row < n and f[row] > low:
            row += 1
        jump = _described(t, found, begin, row, level, limit)
        if found and jump.rows >= 3 and found[-1].rows <= 2 and found[-1].end + 5 > begin:
            one = found.pop()  # one row threw the weights: both are one jump
            jump.peak = max(one.peak, jump.peak, key=f.__getitem__)
            jump.begin, jump.before, jump.lead, jump.sudden = (
                one.begin, one.before, one.lead, one.sudden
            )  # fmt: skip
            jump.height = max(one.height, jump.height)
        found.append(jump)
        if row - begin > 2 * WINDOW:  # a level of its own: what follows is measured from there
            quiet.extend(f[max(begin, row - WINDOW) : row])
    return found


def _described(
    t: Trace, found: Sequence[Jump], begin: int, end: int, level: float, limit: float
) -> Jump:
    """The jump of some rows over a level, beyond a limit; sudden: few rows bring half of it."""
    f = t.f
    peak = max(range(begin, end), key=f.__getitem__)
    height = (f[peak] - level) / max(limit - level, 1e-300)
    jump = Jump(begin, peak, end, level, height, end < len(f), _lead(t, begin))
    calm = begin >= 8 and not (found and found[-1].end > begin - 8) and level > 0
    if calm and "norm" not in jump.lead:
        first = max(f[begin : begin + 2]) / level
        jump.sudden = log(first) > 0.5 * log(f[peak] / level) or (first > 100 and begin >= 24)
    return jump


def _usual(window: Sequence[float], usual: float) -> tuple[float, float]:
    """The middle of a window's losses, and how high one may lie by chance.

    Neighbors tell the noise where the losses fall: of noise, half of them lie 0.95 deviations
    apart or more, and half of the losses within 1.35.
    """
    level = sorted(window)[len(window) // 2]
    wide = 1.4 * sorted(map(abs, map(sub, window[1:], window)))[(len(window) - 1) // 2]
    if len(window) < 8:
        return level, level + max(3 * wide, 0.5 * abs(level))
    return level, level + max(6 * wide, 8 * usual, 0.4 * abs(level))


def _lead(t: Trace, begin: int) -> str:
    """What moved in the rows just before a jump: the norm, the rate, or the loss scale."""
    said = []
    near = [g for g in t.g[max(0, begin - 3) : begin + 1] if g == g]
    usual = median(t.g[max(0, begin - 3 - WINDOW) : max(0, begin - 3)] or t.g[:begin])
    before = [g for g in t.g[max(0, begin - 3) : begin] if g == g]
    if near and usual > 0 and max(near) > 5 * usual:
        said.append("the gradient norm" if max(before or [0]) > 5 * usual else "no row before")
    rates = t.s[max(0, begin - 3) : begin + 1]
    if len(rates) > 1 and min(rates) > 0 and max(rates) > 1.5 * rates[0]:
        said.append("the learning rate")
    scales = t.c[max(0, begin - 3) : begin + 1]
    if len(scales) > 1 and scales[-1] < scales[0]:
        said.append("the loss scale")
    return " and ".join(said)


def by_chance(turns: int, moves: int, share: float = 2 / 3) -> float:
    """The probability that noise without memory turns around at least so often.

    Of three independent numbers the middle one is an extreme with probability 2/3; neighboring
    turns are correlated, and the binomial tail is an upper bound where turns > 2/3 moves.
    """
    if moves < 1 or turns <= share * moves:
        return 1.0
    if moves > 300:
        z = (turns - share * moves) / sqrt(moves * share * (1 - share))
        return 0.0 if z > 6 else 1.0 if z < 3 else 1e-3
    return sum(
        comb(moves, k) * share**k * (1 - share) ** (moves - k) for k in range(turns, moves + 1)
    )


def steady(values: Sequence[float]) -> bool:
    """Whether numbers grow by nearly the same factor a row: no step brings half of the growth."""
    if len(values) < 4 or not all(isfinite(v) and v > 0 for v in values):
        return False
    steps = [log(b / a) for a, b in zip(values, values[1:], strict=False)]
    whole = sum(steps)
    return whole > 0 and max(steps) < 0.5 * whole and min(steps) > -0.1 * whole

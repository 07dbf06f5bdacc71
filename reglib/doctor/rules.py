"""The rules of `diagnose`: each looks at a trace and says what it finds there, or nothing.

They are asked in the order of `RULES`, and the first finding counts. A rule is a mechanism: what
the cause must do to a loss or a norm, with thresholds whose reason stands beside them.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import exp, log
from typing import NamedTuple, TypeAlias

from reglib.doctor.measures import Jump, Measures, block, by_chance, median, quantile, steady
from reglib.doctor.trace import Trace


class Finding(NamedTuple):
    """The key of a cause, "sure", "likely" or "possible", one sentence, the row to look at."""

    cause: str
    sure: str
    why: str
    row: int = -1


Answer: TypeAlias = "Finding | None"


def opponents(t: Trace, m: Measures) -> Answer:
    """Two losses that pull against each other: the level of neither has a meaning."""
    if t.log.opponents is None or t.lost:
        return None
    one, other = t.log.opponents
    why = (
        f"two losses that pull against each other ({one}, {other}): the level of neither says how "
        "good the run is; log a measure of the result, such as samples or the return"
    )
    return Finding("cannot_tell", "sure", why)


def skipped(t: Trace, m: Measures) -> Answer:
    """Norms that are not finite beside losses that are: 16 bits overflow, the step is skipped.

    A loss scaler tries out its scale, so a few skipped steps are its work; half of all steps, or
    the end of the log, are not.
    """
    n, known = m.n, len(t.skipped) + len(m.norms)
    if not t.skipped:
        return None
    tail = 0
    while tail < len(t.skipped) and t.skipped[-1 - tail] == n - 1 - tail:
        tail += 1
    most = 2 * len(t.skipped) >= known
    row = t.skipped[0] if most else n - tail
    if not most and tail < 2:
        return None
    often = f"in {len(t.skipped)} of {known} rows" if most else f"from {t.at(row)} to the end"
    why = f"the gradient norm is not finite {often} while the loss is a number: "
    why += "no such step was taken" if len(t.skipped) == known else "those steps were skipped"
    return Finding("number_format", "sure" if len(t.skipped) >= 8 else "likely", why, row)


def scale(t: Trace, m: Measures) -> Answer:
    """A loss scale that halves again and again: a scaler at work halves it once in a while."""
    known = [(row, c) for row, c in enumerate(t.c) if c > 0]
    if len(known) < 4:
        return None
    top = max(known, key=lambda pair: pair[1])
    last = known[-1][1]
    tail = [c for _, c in known[-7:]]
    halves = len(tail) == 7 and all(b == a / 2 for a, b in zip(tail, tail[1:], strict=False))
    if not halves and (last > top[1] / 1024 or last > 1):  # ten halvings, down to no scale at all
        return None
    why = f"the loss scale fell from {top[1]:g} to {last:g}: no scale keeps gradients finite"
    return Finding("number_format", "likely", why, top[0])


def lost(t: Trace, m: Measures) -> Answer:
    """Losses that end while the log goes on, after rows that gave no warning."""
    if not t.lost:
        return None
    if m.n and (found := explodes(t, m)):
        return found._replace(why=f"{found.why}; from {t.lost} on the loss is {t.how}")
    if t.how == "missing":
        why = f"the losses are missing from {t.lost} on though the log goes on, in {t.lost_rows} "
        why += "rows: NaN written as an empty cell, or not logged"
        return Finding("not_finite", "likely" if t.lost_rows >= 8 else "possible", why, m.n - 1)
    if not m.n:
        why = "no loss is a number, from the first row on: the data or the first weights"
        return Finding("not_finite", "sure", why)
    jump = m.jumps[-1] if m.jumps else None
    if jump and jump.sudden and jump.end == m.n and t.f[jump.peak] > 10 * jump.before:
        why = f"the loss jumped from {jump.before:.3g} to {t.f[jump.peak]:.3g} at "
        why += f"{t.at(jump.begin)}, and from {t.lost} on it is {t.how}"
        return Finding("spike", "likely", why, jump.begin)
    why = f"the loss is {t.how} from {t.lost} on and nothing grew before"
    if m.norms:
        why += f" (last gradient norm {m.norms[-1]:.3g}, median {m.norm:.3g})"
    if t.first_part:
        why += f"; {t.first_part} went first"
    if t.skipped or t.precision in ("fp16", "float16", "16"):
        why += "; with 16 bits it may be the number format"
    return Finding("not_finite", "sure" if t.lost_rows > 1 and m.n >= 8 else "likely", why, m.n - 1)


def explodes(t: Trace, m: Measures) -> Answer:
    """A loss that runs away: tenfold over its start, to the end or for a block of rows.

    Ten thousandfold counts even where it fell back: a batch cannot do that, and weights that went
    so far come back to a constant guess at best.
    """
    f = t.f
    if m.n < 2 or m.lowest < 0:
        return None
    start = max(m.base, 1e-300)
    peak = max(range(m.n), key=f.__getitem__)
    usual = max(median(f[max(0, m.n - 24) : max(1, m.n - 3)]), min(start, f[0]))
    wide = exp(min(9.0, 5 * m.rough))  # what five deviations of one row make
    ends = max(f[-2:]) > max(10, wide) * usual and min(f[-2:]) > 3 * usual
    if m.n <= 3:
        ends = f[-1] > 10 * f[0]
    rising = m.growth >= 4 and m.factor > max(3, wide) and f[-1] > 1.5 * start
    stays = m.blocks[m.high] > max(10, wide) * start and m.n >= 12
    if _single(usual, f[peak]):
        return None
    if not (ends or rising or stays or f[peak] > 1e4 * start or f[-1] > 100 * wide * usual):
        return _first_step(t, m)
    if _sudden(m, peak) and not (rising and steady(f[-m.growth - 1 :])):
        return None
    from_ = min(f[: peak + 1])
    why = f"the loss went from {from_:.3g} to {f[peak]:.3g} at {t.at(peak)}"
    if peak < 6 and m.norms and t.g[0] == t.g[0] and t.g[0] > 100 * max(1.0, m.norm):
        why += f", and the gradient norm was {t.g[0]:.3g} at the first step"
        return Finding("network_explosion", "likely", why, peak)
    if wall := _wall(t, peak):
        return Finding("network_explosion", "likely", f"{why}: {wall}", peak)
    if m.growth >= 4 and steady(f[-min(m.growth, 12) - 1 :]):
        growth = m.factor ** (1 / m.growth)
        why += f", {growth:.3g}-fold a row over the last {m.growth} rows{_limit(t, growth)}"
        return Finding("step_too_large", "sure" if m.growth >= 8 else "likely", why, peak)
    surely = stays and f[peak] > 100 * start and peak > 0
    return Finding("step_too_large", "sure" if surely else "likely", why, peak)


def _first_step(t: Trace, m: Measures) -> Answer:
    """Tenfold over the first loss in three rows, or a hundredfold in nine: nothing warmed it up."""
    if m.n < 8 or not t.begins or not t.f[0] > m.end or _single(t.f[0], max(t.f[1:10])):
        return None
    top = max(t.f[1:10])
    if not (max(t.f[1:4]) > 10 * t.f[0] or top > 100 * t.f[0]):
        return None
    why = f"the first steps threw the loss from {t.f[0]:.3g} to {top:.3g}"
    if m.norms and t.g[0] > 100 * max(1.0, m.norm):
        why += f", and the gradient norm was {t.g[0]:.3g} at the first"
        return Finding("network_explosion", "likely", why, 0)
    return Finding("step_too_large", "likely", why, 1)


def _single(before: float, peak: float) -> bool:
    """Whether a high loss over one near 0 may be one example: those cost a few units at most."""
    return 0 <= before < 0.01 and peak < 3


def _sudden(m: Measures, row: int, rows: int = 1) -> bool:
    """Whether some rows meet a jump out of a calm: no step that is too large waits for that."""
    return any(
        jump.sudden and jump.begin < row + rows and row < jump.end and jump.rows >= min(3, rows)
        for jump in m.jumps
        if jump.before < 10 * m.base  # else it had blown up before
    )


def rises(t: Trace, m: Measures) -> Answer:
    """A loss that leaves its level for a higher one and stays there for a sixteenth of the run.

    Two and a half times the start and the blocks before: noise of a healthy run does not lift the
    lower quarter of a block so far. Or a sixth of the run is worse than the untrained model.
    """
    if m.n < 12 or m.lowest < 0:
        return None
    before, top, row = min(m.blocks[: m.high + 1]), m.blocks[m.high], m.high * block(m.n)
    if m.n < 48:  # blocks of a few rows are noise: thirds
        third = m.n // 3
        before = min(median(t.f[:third]), median(t.f[third : 2 * third]))
        top, row = quantile(t.f[-third:], 0.2), m.n - third
    rose = top > max(2.5, exp(5 * m.rough)) * before and top > 1.5 * m.base
    if not rose and t.begins and t.log.steps:
        sixth = m.n // 6
        parts = [t.f[at : at + sixth] for at in range(sixth, 6 * sixth, sixth)]
        lows = [quantile(part, 0.2) for part in parts]
        row = sixth * (1 + max(range(len(lows)), key=lows.__getitem__))
        top, rose = median(t.f[row : row + sixth]), max(lows) > max(1.5, exp(m.rough)) * t.f[0]
    if not rose or _sudden(m, row, block(m.n)) or _single(before, top):
        return None
    why = f"the loss rose to {top:.3g} around {t.at(row)}, {m.base:.3g} at the start"
    if m.end < top / 3:
        why += f", and fell to {m.end:.3g} later"
        if t.s[-1] < 0.7 * t.s[row]:
            why += " as the learning rate fell"
    return Finding("step_too_large", "likely", why, row)


def _limit(t: Trace, growth: float) -> str:
    """L and 2/L where a step is the rate times the gradient and every step is in the log."""
    rate = t.s[-1]
    every = t.step[-1] - t.step[-2] if len(t.step) > 1 else 1.0
    if every <= 0 or not rate > 0 or not t.plain_steps:
        return ""
    rho = growth ** (0.5 / every)  # the loss is a square of the weights
    L = (1 + rho) / rate
    return f"; {rho:.4g}-fold a step for the weights: L is about {L:.3g}, the limit 2/L {2 / L:.3g}"


def _wall(t: Trace, peak: int) -> str:
    """A norm that jumps a thousandfold within a row while the loss is still what it was."""
    for row in range(max(1, peak - 3), peak + 1):
        near, losses = t.g[max(0, row - 12) : row], t.f[max(0, row - 12) : row]
        usual = median(near)
        if usual > 0 and t.g[row] > 1000 * usual and t.f[row] < 3 * median(losses):
            return f"at {t.at(row)} the norm rose {t.g[row] / usual:.2g}-fold at an ordinary loss"
    return ""


def zeros(t: Trace, m: Measures) -> Answer:
    """A norm of exactly 0: nothing reaches the weights, or nothing was measured."""
    tail = 0
    while tail < m.n and t.g[-1 - tail] == 0:
        tail += 1
    if tail < 3 or tail < 0.1 * m.n:
        return None
    if m.zeros == 1 and any(not jump.recovered and jump.rows >= 3 for jump in m.jumps):
        return None  # the weights moved: the norm was not measured
    if m.zeros == 1:
        why = "the gradient norm is exactly 0 in every row"
        if m.falls and m.left < 0.5:
            return Finding("no_gradient", "possible", why + " though the loss falls", 0)
        return Finding("no_gradient", "sure" if m.n >= 8 else "possible", why, 0)
    why = f"the gradient norm is exactly 0 from {t.at(m.n - tail)} on: dead or saturated units"
    return Finding("no_gradient", "likely", why, m.n - tail)


def _stands_out(t: Trace, m: Measures, jump: Jump) -> bool:
    """Whether a jump lasts and is higher than the noise of the rows makes likely.

    The mean of several rows deviates by less than one; a norm that jumps along is a second witness.
    """
    rows, high = jump.rows, t.f[jump.peak]
    if rows < 2 or (rows == 2 and jump.recovered) or _single(jump.before, high):
        return False
    deviations = 4 if m.n < 16 else 6 if jump.sudden and jump.lead else 9
    wide = exp(min(9.0, deviations * m.rough * (2 / min(rows, 8)) ** 0.5))
    return jump.before <= 0 or high > wide * jump.before


def _biggest(jumps: Iterable[Jump]) -> Jump | None:
    return max(jumps, key=lambda jump: jump.height, default=None)


def spike(t: Trace, m: Measures) -> Answer:
    """A loss that jumps and needs several rows to come back, or does not.

    One high row that is gone in the next is a batch, not the weights; and a run whose losses often
    jump like this does so by nature.
    """
    jump = _biggest(jump for jump in m.jumps if _stands_out(t, m, jump))
    if jump is None:
        return None
    others = [j.height for j in m.jumps if j is not jump]
    if len(others) > 2 and sorted(others)[-3] > jump.height / 3:
        return None
    if jump.sudden and jump.peak == jump.begin and t.f[jump.peak] > 1e4 * jump.before > 0:
        after = median(t.f[jump.begin + 1 : jump.begin + 4])
        if 10 * after < t.f[jump.peak]:
            why = (
                f"the loss of {t.at(jump.peak)} is {t.f[jump.peak]:.3g}, {jump.before:.3g} before "
            )
            why += f"and {after:.3g} after it: a batch, which then threw the weights"
            return Finding("bad_data", "likely", why, jump.peak)
    if wall := _wall(t, jump.begin):
        why = f"{wall}, and then the loss jumped"
        return Finding("network_explosion", "likely", why, jump.begin)
    led = f"; {jump.lead} moved first" if jump.lead not in ("", "no row before") else ""
    what = f"the loss jumped from {jump.before:.3g} to {t.f[jump.peak]:.3g} at {t.at(jump.begin)}"
    if jump.recovered:
        why = f"{what} and was back by {t.at(jump.end)}{led}"
        return Finding("spike_recovered", "sure" if jump.height > 3 else "likely", why, jump.begin)
    why = f"{what} and has not come back in {jump.rows} rows{led}"
    if m.n <= 8 and (not m.norms or m.zeros == 1):
        why += "; no gradient norm says what led"
        return Finding("cannot_tell", "possible", why, jump.begin)
    return Finding("spike", "likely" if jump.rows >= 3 else "possible", why, jump.begin)


def batch(t: Trace, m: Measures) -> Answer:
    """One row far above all others, loss and norm at once, and nothing announced it."""
    jump = _biggest(jump for jump in m.jumps if jump.recovered and jump.rows <= 2)
    if jump is None or jump.before <= 0 or m.lowest < 0:
        return None
    others = [t.f[row] for row in range(m.n) if not jump.begin <= row < jump.end]
    if _single(jump.before, t.f[jump.peak]) or t.f[jump.peak] < 20 * max(jump.before, *others):
        return None
    why = f"the loss of {t.at(jump.peak)} alone is {t.f[jump.peak]:.3g}, {jump.before:.3g} before, "
    why += "and nothing announced it: the rows of that batch"
    return Finding("bad_data", "likely", why, jump.peak)


def overfits(t: Trace, m: Measures) -> Answer:
    """The validation loss rises from its lowest value while the training loss goes on falling."""
    held = [v for _, v in t.validation]
    if len(held) < 4 or not m.n:
        return None
    low = min(range(len(held)), key=held.__getitem__)
    last = median(held[-max(1, min(3, len(held) - low - 1)) :])
    spread = median([abs(b - a) for a, b in zip(held, held[1:], strict=False)])
    after = len(held) - 1 - low
    row = min(t.validation[low][0], m.n - 1)
    if after < 2 or last < held[low] + max(0.05 * abs(held[low]), 2 * spread):
        return None
    if m.n and not median(t.f[-max(1, m.n // 6) :]) < median(t.f[max(0, row - 1) : row + 2]):
        return None
    why = f"the validation loss rose from {held[low]:.3g} at {t.at(row)} to {last:.3g} while the "
    why += "training loss fell"
    if t.log.maybe:
        why += f", if {t.log.maybe} is the validation loss: then --validation {t.log.maybe}"
        return Finding("cannot_tell", "possible", why, row)
    sure = "sure" if after >= 5 and last > 1.2 * held[low] else "likely"
    return Finding("overfitting", sure, why, row)


def decay(t: Trace, m: Measures) -> Answer:
    """Weights that shrink several times while much of the loss stays or comes back."""
    p = [v for v in t.p if v == v]
    if len(p) < 8 or not p[-1] < 0.3 * max(p) or not 0.25 < m.left < 10:
        return None
    why = f"the norm of the weights fell to {p[-1] / max(p):.0%}, {m.left:.0%} of the loss is left"
    return Finding("weight_decay", "sure" if p[-1] < 0.1 * max(p) else "likely", why, m.n - 1)


def accumulates(t: Trace, m: Measures) -> Answer:
    """A norm that grows and grows smoothly while the loss does not fall: old gradients are in it.

    The norm of a fresh batch moves by a quarter or so from row to row; a sum of many hardly does.
    """
    g = m.norms
    if len(g) < 12 or not 0.7 < m.left < 3:
        return None
    moves = [abs(log(b / a)) for a, b in zip(g, g[1:], strict=False) if a > 0 and b > 0]
    rose = sum(b > a for a, b in zip(g[:6], g[1:7], strict=False))
    if not (median(g[-6:]) > 4 * median(g[:2]) and median(moves) < 0.15 and rose >= 5):
        return None
    why = f"the gradient norm grew smoothly from {g[0]:.3g} in the first row to {g[-1]:.3g}, while "
    why += "the loss did not fall: gradients are added up"
    return Finding("gradient_bug", "likely", why, 0)


def pulse(t: Trace, m: Measures) -> Answer:
    """One norm ten thousand times the usual at an ordinary loss: a product, or a wall."""
    if m.n < 12 or not m.norms or t.scaled:
        return None
    row = max(range(m.n), key=lambda at: t.g[at] if t.g[at] == t.g[at] else -1.0)
    ordinary = t.f[row] < 3 * min(m.start, median(t.f[max(0, row - 12) : row] or t.f[:1]))
    if not (ordinary and t.g[row] > 1e4 * max(m.norm, abs(t.f[row])) > 0) or _sudden(m, 0, row):
        return None
    why = f"the gradient norm is {t.g[row]:.3g} at {t.at(row)}, its median {m.norm:.3g}, with "
    return Finding("network_explosion", "likely", f"{why}a loss of {t.f[row]:.3g}", row)


def walls(t: Trace, m: Measures) -> Answer:
    """Norms a hundred times the loss that differ tenfold between batches, and no progress."""
    if m.n < 12 or not m.left > 0.9 or not (m.norm > 100 * max(1.0, m.start) and m.wild > 5):
        return None
    if _sudden(m, 0, m.n):
        return None
    why = f"the gradient norm has a median of {m.norm:.3g} and is {m.wild:.2g} times that in some "
    why += f"rows, with a loss of {m.end:.3g} that does not fall"
    return Finding("network_explosion", "likely", why, 0)


def unscaled(t: Trace, m: Measures) -> Answer:
    """A loss in the ten thousands that hardly falls: targets or inputs are large numbers."""
    if m.n < 8 or not (m.start > 1e4 and 0.3 < m.left < 10):
        return None
    why = f"the loss starts at {m.start:.3g} and {m.left:.0%} of it is left after {m.n} rows"
    return Finding("not_scaled", "likely", why, 0)


def edge(t: Trace, m: Measures) -> Answer:
    """A loss that turns at nearly every row, more often than noise does by chance."""
    if m.n < 12 or m.moves < 10:
        return None
    chance = by_chance(m.turns, m.moves)
    if chance > 1e-3 or m.turns < 0.85 * m.moves:
        return None
    why = f"the loss turns at {m.turns} of {m.moves} rows, noise would at two of three"
    return Finding("edge", "likely", why, m.n - 1)


GUESSES = {log(k): k for k in (2, 3, 4, 5, 6, 8, 10, 20, 50, 100, 1000)}


def still(t: Trace, m: Measures) -> Answer:
    """A loss that never leaves its start, and a reason not to be satisfied with it.

    The reason is a gradient a thousand times smaller than the loss; a loss that is the logarithm
    of a number of classes, that of a constant guess; or, in 48 rows from the first step on, a norm
    of a tenth of a loss that is no lower in the second half than noise makes it (the medians of
    two halves differ by 1.25 sqrt(4/n) deviations): the gradient of an output that guesses.
    """
    if m.n < 12 or not m.start > 0:
        return None
    flat = all(0.97 < value / m.start < 1.03 for value in (m.early, m.late, m.end))
    why = f"the loss stays at {m.end:.4g}"
    if flat and 0 < m.norm < 1e-3 * m.start:
        why += f" and the gradient norm has a median of {m.norm:.2g}"
        return Finding("vanishing", "likely", why, 0)
    if not (t.begins and t.log.steps and m.n >= 24):
        return None
    for value, classes in GUESSES.items() if flat else ():
        if abs(m.early / value - 1) < 0.005 and abs(m.late / value - 1) < 0.005:
            why += f", that of a constant guess among {classes} classes"
            return Finding("vanishing", "likely", why, 0)
    by_noise = 1.25 * m.rough * (4 / m.n) ** 0.5
    same = 1 - max(0.01, 2 * by_noise) < m.late / m.early < 1 + 3 * by_noise + 0.03
    short = 0 < m.norm < 0.1 * m.late
    if m.n >= 48 and short and same and 0.85 < m.late / m.start < 1.15:
        why += f" and the gradient norm is {m.norm:.2g}: the signal vanishes, or there is none"
        return Finding("vanishing", "possible", why, 0)
    return None


def higher(t: Trace, m: Measures) -> Answer:
    """A loss that ends far above its start, by more than its noise."""
    if m.n < 12 or m.lowest < 0 or not m.end > max(2.0, exp(4 * m.rough)) * max(m.start, 1e-300):
        return None
    if not m.late > 1.5 * m.early or _single(m.start, m.end):
        return None
    why = f"the loss went from {m.start:.3g} to {m.end:.3g}"
    return Finding("step_too_large", "likely", why, m.high * block(m.n))


def healthy(t: Trace, m: Measures) -> Answer:
    """The loss came down, by more than its noise, and nothing stood out."""
    grown = [v for v in t.p if v == v]
    if m.n < 3 or t.norm_lost or (grown and not 0.1 < grown[-1] / max(grown[0], 1e-300) < 10):
        return None
    if not m.falls or m.end > m.start:
        return None
    why = f"the loss fell from {m.start:.3g} to {m.end:.3g}"
    surely = m.end < 0.7 * m.start and not m.jumps and m.n >= 20
    return Finding("healthy", "sure" if surely else "likely" if m.n >= 8 else "possible", why)


def unknown(t: Trace, m: Measures) -> Finding:
    """Nothing that is known stands out, or too little is in the log."""
    if m.n < 3:
        return Finding("cannot_tell", "sure", f"{m.n} rows are too few")
    why = f"nothing stands out, and the loss went from {m.start:.3g} to {m.end:.3g}"
    if t.norm_lost:
        why = f"the gradient norm is missing from {t.norm_lost} on"
    elif m.n >= 48 and t.begins and t.log.steps and 0.9 * m.early < m.late < 1.1 * m.early:
        why += ": too small a rate, a signal that vanishes, or nothing to learn"
    return Finding("cannot_tell", "likely", why)


RULES = (
    opponents, skipped, scale, lost, zeros, accumulates, pulse, explodes, unscaled, rises, walls,
    spike, batch, decay, overfits, edge, still, higher, healthy,
)  # fmt: skip


def find(t: Trace, m: Measures) -> Finding:
    """The first finding; from fewer than 8 rows an illness is at most possible."""
    for rule in RULES:
        if found := rule(t, m):
            few = t.rows < 8 and found.cause != "cannot_tell"
            return found._replace(sure="possible") if few else found
    return unknown(t, m)

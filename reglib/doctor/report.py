"""The report: a cause, how sure, one sentence, what would confirm it, what to do in order."""

from __future__ import annotations

import html
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from reglib.doctor.causes import CAUSE, Remedy
from reglib.doctor.log import Log
from reglib.doctor.measures import Measures, measure
from reglib.doctor.names import safe
from reglib.doctor.rules import find
from reglib.doctor.trace import Trace, column, trace

OPTIMIZERS = ("sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw", "other")
PRECISIONS = ("fp16", "bf16", "fp32", "fp64")


@dataclass(frozen=True, eq=False)
class Report:
    """What `diagnose` found.

    cause is one of `CAUSES` by its name, key its stable key; sure is "sure", "likely" or
    "possible"; why is one sentence. step and line are where to look, None if nowhere; remedies
    stand in order; notes say what was read, dropped and left open. `str` is plain text, a notebook
    shows HTML.
    """

    cause: str
    key: str
    sure: str
    why: str
    step: float | None
    line: int | None
    confirm: str
    remedies: tuple[Remedy, ...]
    notes: tuple[str, ...]
    trace: Trace = field(repr=False)
    measures: Measures = field(repr=False)

    @property
    def exit_code(self) -> int:
        """0 healthy, 1 ill, 3 cannot tell."""
        return {"healthy": 0, "cannot_tell": 3}.get(self.key, 1)

    def __str__(self) -> str:
        lines = [f"{self.cause} ({self.sure}): {self.why}."]
        if self.confirm:
            lines.append(f"To confirm: {self.confirm}.")
        if self.remedies:
            lines.append("What to do, in this order:")
            lines += [f"  {k}. {remedy.what}" for k, remedy in enumerate(self.remedies, start=1)]
        return "\n".join([*lines, *(f"Note: {note}." for note in self.notes)])

    def as_dict(self) -> dict[str, Any]:
        """Everything a program may want, as JSON can hold it."""
        keys = ("cause", "key", "sure", "why", "step", "line", "confirm", "notes")
        made = {key: getattr(self, key) for key in keys}
        m = self.measures
        facts = {"rows": m.n, "first_loss": m.start, "last_loss": m.end, "median_norm": m.norm}
        facts["skipped_steps"] = len(self.trace.skipped)
        made["facts"] = {k: v if isfinite(v) else None for k, v in facts.items()}
        step = made["step"] if made["step"] is not None and isfinite(made["step"]) else None
        return made | {"step": step, "remedies": [remedy._asdict() for remedy in self.remedies]}

    def _repr_html_(self) -> str:
        say = html.escape
        items = "".join(f"<li>{say(remedy.what)}</li>" for remedy in self.remedies)
        notes = "".join(f"<li>{say(note)}</li>" for note in self.notes)
        parts = [
            f'<section class="report"><p><strong>{say(self.cause)}</strong> '
            f"({say(self.sure)}): {say(self.why)}.</p>",
            f"<p>To confirm: {say(self.confirm)}.</p>" if self.confirm else "",
            f"<p>What to do, in this order:</p><ol>{items}</ol>" if items else "",
            f"<details><summary>What was read</summary><ul>{notes}</ul></details>" if notes else "",
            "</section>",
        ]
        return "".join(parts)


def diagnose(
    losses: Any,
    gradient_norms: Any = None,
    learning_rates: Any = None,
    *,
    steps: Any = None,
    validation: Any = None,
    loss_scale: Any = None,
    parameter_norms: Any = None,
    optimizer: str | None = None,
    clip: float | None = None,
    precision: str | None = None,
) -> Report:
    """The likely cause of a divergence, or of a run that does not move, from what was logged.

    losses (k,) and whatever else was logged in the same rows: gradient norms before any clip,
    learning rates (a number, or (k,)), steps, validation losses, the loss scale, norms of the
    weights; None or a missing entry: not logged; NaN and inf are part of the diagnosis. Or losses
    is a `Log` from `read_log`. optimizer (one of `OPTIMIZERS`), clip (the largest norm) and
    precision (one of `PRECISIONS`) say how the run was made: L and 2/L are named for "sgd" without
    a clip alone. TypeError: not numbers. ValueError: empty, other lengths, negative norms.

    >>> found = diagnose([1.2 ** (2 * k) for k in range(30)], learning_rates=0.1, optimizer="sgd")
    >>> found.cause, found.sure
    ('step too large', 'sure')
    """
    for name, value, known in (
        ("optimizer", optimizer, OPTIMIZERS),
        ("precision", precision, PRECISIONS),
    ):
        if value is not None and value not in known:
            raise ValueError(f"{name} must be one of {', '.join(known)}, got {value!r}")
    if clip is not None and not (isinstance(clip, (int, float)) and 0 < clip < float("inf")):
        raise ValueError(f"clip must be finite and > 0, got {clip!r}")
    log = losses
    if not isinstance(losses, Log):
        f = column("losses", losses)
        if isinstance(learning_rates, (int, float)):
            learning_rates = [learning_rates] * len(f)
        others = {
            "gradient_norms": gradient_norms, "learning_rates": learning_rates, "steps": steps,
            "validation": validation, "loss_scale": loss_scale, "parameter_norms": parameter_norms,
        }  # fmt: skip
        log = Log(f, **{n: column(n, v, len(f)) for n, v in others.items() if v is not None})
    if not any(value is not None for value in log.losses):
        raise ValueError(f"losses must hold numbers, got {len(log.losses)} rows without one")
    t = trace(log, optimizer, clip, precision)
    m = measure(t)
    found = find(t, m)
    row = found.row if 0 <= found.row < m.n else None
    cause = CAUSE[found.cause]
    return Report(
        cause.name,
        cause.key,
        found.sure,
        safe(found.why),
        None if row is None else t.step[row],
        None if row is None or not t.line else t.line[row],
        cause.confirm,
        cause.remedies,
        (*log.notes, *_notes(t, m)),
        t,
        m,
    )


def _notes(t: Trace, m: Measures) -> list[str]:
    """What was dropped on the way, and what was not in the log."""
    said = []
    if t.skipped:
        rows = f"{len(t.skipped)} row" + ("s" if len(t.skipped) > 1 else "")
        said.append(
            f"{rows} with a norm that is not finite beside a finite loss, the first at "
            f"{t.at(t.skipped[0])}: skipped steps"
        )
    if t.holes:
        said.append(f"{t.holes} losses are not finite though finite ones follow")
    if t.scaled:
        said.append("the gradient norms carry the loss scale and were divided by it")
    if t.back:
        said.append(f"steps go back {t.back} times: a run that was resumed, or several in one log")
    if len(m.norms) > 3 and min(m.norms) == max(m.norms) > 0:
        said.append(f"the gradient norm is {m.norms[0]:g} in every row: logged after the clip")
    there = {
        "gradient norm": m.norms or t.skipped,
        "learning rate": any(s == s for s in t.s),
        "validation loss": t.validation,
    }
    if missing := [name for name, found in there.items() if not found]:
        said.append(f"not in the log: {', '.join(missing)}")
    return [safe(note) for note in said]

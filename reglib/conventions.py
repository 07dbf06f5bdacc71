"""Which lambda is it in your library? Every strength says lam in units of its own; here they meet.

A library minimizes c f(w) + q v P(w): f is our mean loss, P is ||w||^2/2 or ||w||_1, v the number
its user sets, c and q its habits. Division by c changes no minimizer, so lam = q v / c.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from typing import Annotated

from numpy.typing import ArrayLike

from reglib import inputs
from reglib.inputs import Count, Hyper, PositiveNumber, ProportionNumber, checked

__all__ = ["Convention", "translate", "translate_elastic_net"]


@checked
@dataclass(frozen=True, eq=False)
class Convention:
    """c f(w) + q v P(w): what one number v of one library means.

    `objective` and `rule` say what it minimizes and what to set for our lam, as text; `number` is
    c/q, apart from n (rows of the fit) or s (scale of y) where the rule `needs` it. `inverse`: v
    multiplies the loss instead, as C does. Where it is 0, no lam has the same minimizer, and the
    rule says why.
    """

    name: str
    penalty: str
    objective: str
    rule: str
    number: float
    needs: str
    inverse: bool

    @property
    def family(self) -> str:
        """What it penalizes, and what it measures."""
        loss = "log-loss" if "log-loss" in self.objective else "squared error"
        return f"{self.penalty} with {loss}"

    def factor(
        self,
        n: Count | None = None,
        y_std: PositiveNumber | None = None,
    ) -> float:
        """c / q: the parameter for lam = 1, or its reciprocal if it is inverse.

        ValueError: n or y_std is needed and not given, or there is no such lam.
        """
        factor = self.number
        rule = f"have a lam ({self.rule.removeprefix('no lam: ')})"
        inputs.that("convention", factor, rule, self.name)
        for name, letter, value in (("n", "n", n), ("y_std", "s", y_std)):
            if letter in self.needs:
                rule = f"be given: {self.name!r} needs it"
                inputs.that(name, value is not None, rule, value)
                factor *= value
        return factor


def _read() -> dict[str, Convention]:
    text = files("reglib").joinpath("conventions.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return {
        row["name"]: Convention(
            **row | {"number": float(row["number"] or 0), "inverse": bool(row["inverse"])}
        )
        for row in rows
    }


CONVENTIONS = _read()
"""Every convention by its name, each fitted by its library.

PyTorch's `weight_decay` is that of SGD and of Adam, which add it to the gradient of *your* loss.
glmnet's s is the standard deviation (ddof 0) of y, or its root mean square without an intercept,
for `family = "gaussian"`, with `standardize = FALSE`: it scales y to s = 1 before it fits.
Source: for each, a fit by that library or a recorded one; Friedman, Hastie and
Tibshirani 2010 for glmnet's objective; Xie and Li 2024 for AdamW.
"""

ELASTIC_NETS = {
    "ours": ("ours", "ours"),
    "scikit-learn ElasticNet": ("scikit-learn Lasso", "scikit-learn SGDRegressor"),
    "glmnet": ("glmnet, alpha = 1", "glmnet, alpha = 0"),
}
"""The conventions of the two parts, L1 and L2, of one strength and one ratio."""

Known = Annotated[str, partial(inputs.one_of, choices=tuple(CONVENTIONS))]
KnownNet = Annotated[str, partial(inputs.one_of, choices=tuple(ELASTIC_NETS))]


@checked
def translate(
    value: ArrayLike,
    source: Known,
    target: Known,
    *,
    n: Count | None = None,
    y_std: PositiveNumber | None = None,
) -> Hyper:
    """v_target = (c/q)_target (q/c)_source v_source: the number that gives
    the same fit.

    `source` and `target` are names in CONVENTIONS, `value` a number >= 0 or
    an array (..., 1); > 0 where a side is an inverse such as C. n is the
    number of rows of this fit (of a fold, where there are folds; of a
    minibatch for MLPRegressor), y_std the scale of y that glmnet divides by.
    Both sides must spare the intercept alike. ValueError: unknown names, n or
    y_std missing, sides that penalize or measure something else, a side that
    has no equivalent lam.

    >>> translate(0.1, "ours", "scikit-learn Ridge", n=50)
    5.0
    >>> translate(5.0, "scikit-learn Ridge", "PyTorch, MSELoss", n=50)
    0.2
    """
    a, b = CONVENTIONS[source], CONVENTIONS[target]
    if "ours" not in (a.name, b.name):
        rule = f"be {a.family}, as {a.name!r} is"
        got = f"{b.name}, {b.family}"
        inputs.that("target", a.family == b.family, rule, got)
    check = inputs.positive if a.inverse or b.inverse else inputs.nonnegative
    v = check("value", value)
    there, here = a.factor(n, y_std), b.factor(n, y_std)
    lam = 1 / (there * v) if a.inverse else v / there
    return 1 / (here * lam) if b.inverse else here * lam


@checked
def translate_elastic_net(
    value: PositiveNumber,
    l1_ratio: ProportionNumber,
    source: KnownNet,
    target: KnownNet,
    *,
    y_std: PositiveNumber | None = None,
) -> tuple[float, float]:
    """(v, r) of the target with the same v r in front of ||w||_1 and the same v (1 - r)/2.

    glmnet's ridge part depends on the scale of y and its lasso part does not, so the ratio changes
    with the strength. `source` and `target` are names in ELASTIC_NETS, value > 0, l1_ratio (alpha
    in glmnet) between 0 and 1.

    >>> translate_elastic_net(1.0, 0.5, "ours", "glmnet", y_std=3.0)
    (2.0, 0.25)
    """
    a, b = ELASTIC_NETS[source], ELASTIC_NETS[target]
    l1 = translate(value * l1_ratio, a[0], b[0], y_std=y_std)
    l2 = translate(value * (1 - l1_ratio), a[1], b[1], y_std=y_std)
    return l1 + l2, l1 / (l1 + l2)

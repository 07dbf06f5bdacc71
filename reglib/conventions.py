"""Which lambda is it in your library? Every strength says lam in units of its own; here they meet.

A library minimizes c f(w) + q v P(w): f is our mean loss, P is ||w||^2/2 or ||w||_1, v the number
its user sets, c and q its habits. Division by c changes no minimizer, so lam = q v / c.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Annotated, Literal

from numpy.typing import ArrayLike

from reglib import inputs
from reglib.inputs import Hyper, PositiveNumber, ProportionNumber, checked

__all__ = ["Convention", "translate", "translate_elastic_net"]

# (formula, c over our mean loss apart from n, whether c has a factor n, what the loss measures).
LOSSES = {
    "half mean square": ("1/(2n) ‖Xw - y‖²", 1.0, False, "squared error"),
    "mean square": ("1/n ‖Xw - y‖²", 2.0, False, "squared error"),
    "sum of squares": ("‖Xw - y‖²", 2.0, True, "squared error"),
    "mean log-loss": ("1/n Σ log-loss", 1.0, False, "log-loss"),
    "sum of log-loss": ("Σ log-loss", 1.0, True, "log-loss"),
    "any mean loss": ("f(w)", 1.0, False, "any loss"),
}


@dataclass(frozen=True, eq=False)
class Convention:
    """c f(w) + q v P(w): what one parameter v of one library means.

    `loss` is a key of LOSSES and gives c. q is `weight`, divided by the number of rows n or by the
    scale s of y where `divided_by` says so. `inverse`: v multiplies the loss instead, as C does. A
    `reason` says why no lam has the same minimizer; such a convention cannot be translated.
    """

    name: str
    parameter: str
    penalty: Literal["L2", "L1", "elastic net", "any"]
    loss: str
    weight: float = 1.0
    divided_by: Literal["", "n", "s"] = ""
    inverse: bool = False
    reason: str = ""

    @property
    def needs(self) -> frozenset[str]:
        """Which of n (rows of the fit) and s (scale of y) the translation must know."""
        return frozenset("n" * LOSSES[self.loss][2] + self.divided_by)

    @property
    def objective(self) -> str:
        """What the library minimizes, as text.

        >>> CONVENTIONS["scikit-learn LogisticRegression"].objective
        'C Σ log-loss + 1/2 ‖w‖²'
        """
        if self.reason:
            return "none"
        loss, v = LOSSES[self.loss][0], self.parameter
        if self.inverse:
            loss, v = f"{v} {loss}", "1"
        below = ("2" if self.penalty == "L2" and self.weight == 1 else "") + self.divided_by
        over = f"/({below})" if len(below) > 1 else f"/{below}" if below else ""
        norm = {"L2": "‖w‖²", "L1": "‖w‖₁", "any": "P(w)"}.get(self.penalty)
        strength = f"{v}{over} " if f"{v}{over}" != "1" else ""
        return f"{loss} + {strength}{norm or '(r ‖w‖₁ + (1 - r)/2 ‖w‖²)'}"

    @property
    def rule(self) -> str:
        """The parameter in terms of ours, as text.

        >>> CONVENTIONS["scikit-learn Ridge"].rule, CONVENTIONS["Keras L1, mse"].rule
        ('alpha = n lam', 'l1 = 2 lam')
        """
        if self.reason:
            return f"no lam: {self.reason}"
        number = LOSSES[self.loss][1] / self.weight
        letters = "".join(f"{letter} " for letter in sorted(self.needs))
        ours = f"{number:g} {letters}lam" if number > 1 else f"{letters}lam"
        ours = ours if number >= 1 else f"{ours}/{1 / number:g}"
        return f"{self.parameter} = " + (f"1/({ours})" if self.inverse else ours)

    def factor(self, n: int | None = None, y_std: float | None = None) -> float:
        """c / q: the parameter for lam = 1, or its reciprocal where it is inverse.

        ValueError: n or y_std is needed and not given, or there is no equivalent lam.
        """
        inputs.that("convention", not self.reason, f"have a lam ({self.reason})", self.name)
        factor = LOSSES[self.loss][1] / self.weight
        if self.needs & {"n"}:
            inputs.that("n", n is not None, f"be given: {self.name!r} depends on it", n)
            factor *= inputs.count("n", n)
        if self.needs & {"s"}:
            inputs.that("y_std", y_std is not None, f"be given: {self.name!r} needs it", y_std)
            factor *= inputs.positive("y_std", inputs.scalar("y_std", y_std))
        return factor

    def from_ours(self, lam: Hyper, factor: float) -> Hyper:
        return 1 / (factor * lam) if self.inverse else factor * lam

    def to_ours(self, value: Hyper, factor: float) -> Hyper:
        return 1 / (factor * value) if self.inverse else value / factor


_ADAPTIVE = "Adam scales the gradient and not the decay, which only bounds each weight"
CONVENTIONS = {
    c.name: c
    for c in (
        Convention("ours", "lam", "any", "any mean loss"),
        Convention("scikit-learn Ridge", "alpha", "L2", "sum of squares", 2),
        Convention("scikit-learn Lasso", "alpha", "L1", "half mean square"),
        Convention("scikit-learn ElasticNet", "alpha", "elastic net", "half mean square"),
        Convention("scikit-learn SGDRegressor", "alpha", "L2", "half mean square"),
        Convention("scikit-learn MLPRegressor", "alpha", "L2", "half mean square", 1, "n"),
        Convention("scikit-learn LogisticRegression", "C", "L2", "sum of log-loss", inverse=True),
        Convention(
            "scikit-learn LogisticRegression, L1", "C", "L1", "sum of log-loss", inverse=True
        ),
        Convention("scikit-learn SGDClassifier, log_loss", "alpha", "L2", "mean log-loss"),
        Convention("glmnet, alpha = 0", "lambda", "L2", "half mean square", 1, "s"),
        Convention("glmnet, alpha = 1", "lambda", "L1", "half mean square"),
        Convention("glmnet, binomial, alpha = 0", "lambda", "L2", "mean log-loss"),
        Convention("PyTorch, MSELoss", "weight_decay", "L2", "mean square"),
        Convention("PyTorch, MSELoss(reduction='sum')", "weight_decay", "L2", "sum of squares"),
        Convention("PyTorch, cross-entropy", "weight_decay", "L2", "mean log-loss"),
        Convention("Keras L2, mse", "l2", "L2", "mean square", 2),
        Convention("Keras L1, mse", "l1", "L1", "mean square"),
        Convention("Keras L2, cross-entropy", "l2", "L2", "mean log-loss", 2),
        Convention("Keras SGD without momentum, mse", "weight_decay", "L2", "mean square"),
        Convention("AdamW", "weight_decay", "L2", "any mean loss", reason=_ADAPTIVE),
    )
}
"""Every convention by its name. scikit-learn's, PyTorch's, Keras's and glmnet's were fitted.

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


def _family(convention: Convention) -> str:
    return f"{convention.penalty} with {LOSSES[convention.loss][3]}"


@checked
def translate(
    value: ArrayLike,
    source: Known,
    target: Known,
    *,
    n: int | None = None,
    y_std: float | None = None,
) -> Hyper:
    """v_target = (c/q)_target (q/c)_source v_source: the number that gives the same fit.

    `source` and `target` are names in CONVENTIONS, `value` a number >= 0 or an array (..., 1); > 0
    where a side is an inverse such as C. n is the number of rows of this fit (of a fold, where
    there are folds; of a minibatch for MLPRegressor), y_std the scale of y that glmnet divides by.
    Both sides must spare the intercept alike. ValueError: unknown names, n or y_std missing, sides
    that penalize or measure something else, a side that has no equivalent lam.

    >>> translate(0.1, "ours", "scikit-learn Ridge", n=50)
    5.0
    >>> translate(5.0, "scikit-learn Ridge", "PyTorch, MSELoss", n=50)
    0.2
    """
    a, b = CONVENTIONS[source], CONVENTIONS[target]
    if "ours" not in (a.name, b.name):
        rule = f"be {_family(a)}, as {a.name!r} is"
        inputs.that("target", _family(a) == _family(b), rule, f"{b.name}, {_family(b)}")
    check = inputs.positive if a.inverse or b.inverse else inputs.nonnegative
    lam = a.to_ours(check("value", value), a.factor(n, y_std))
    return b.from_ours(lam, b.factor(n, y_std))


@checked
def translate_elastic_net(
    value: PositiveNumber,
    l1_ratio: ProportionNumber,
    source: KnownNet,
    target: KnownNet,
    *,
    y_std: float | None = None,
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

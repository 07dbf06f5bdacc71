"""Choose what the data do not: folds, scores for every lambda, searches, and whole grids."""

from reglib.tuning.folds import kfold
from reglib.tuning.grids import Sweep, sweep
from reglib.tuning.implicit import Implicit, implicit_gradient
from reglib.tuning.leave_one_out import gcv, ridge_loo
from reglib.tuning.search import Search, random_search
from reglib.tuning.selection import Scores, cross_validate, one_standard_error

__all__ = [
    "Implicit",
    "Scores",
    "Search",
    "Sweep",
    "cross_validate",
    "gcv",
    "implicit_gradient",
    "kfold",
    "one_standard_error",
    "random_search",
    "ridge_loo",
    "sweep",
]

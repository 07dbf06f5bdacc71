"""Deterministic minimizers of a loss plus a penalty: pure functions that print nothing."""

from reglib.inputs import DIVERGED, PLACEMENTS
from reglib.solvers.coordinate import coordinate_descent, duality_gap
from reglib.solvers.descent import Result, gradient_descent, proximal_gradient
from reglib.solvers.direct import least_squares, ridge
from reglib.solvers.line_search import backtracking, barzilai_borwein
from reglib.solvers.newton import newton
from reglib.solvers.paths import Path, elastic_net_path, lasso_path, ridge_path

__all__ = [
    "DIVERGED",
    "PLACEMENTS",
    "Path",
    "Result",
    "backtracking",
    "barzilai_borwein",
    "coordinate_descent",
    "duality_gap",
    "elastic_net_path",
    "gradient_descent",
    "lasso_path",
    "least_squares",
    "newton",
    "proximal_gradient",
    "ridge",
    "ridge_path",
]

"""Measure before you cure: is the gradient right, how curved the loss, which steps are stable?"""

from reglib.diagnostics.curvature import (
    condition_number,
    effective_dof,
    top_eigenvalue,
)
from reglib.diagnostics.gradients import gradient_error, gradient_norms, jacobian_norms
from reglib.diagnostics.stability import step_limit

__all__ = [
    "condition_number",
    "effective_dof",
    "gradient_error",
    "gradient_norms",
    "jacobian_norms",
    "step_limit",
    "top_eigenvalue",
]

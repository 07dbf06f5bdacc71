"""Measure before you cure: is the gradient right, how curved the loss, which steps are stable?"""

from reglib.diagnostics.curvature import (
    condition_number,
    effective_dof,
    step_limit,
)
from reglib.diagnostics.gradients import gradient_error, gradient_norms, jacobian_norms
from reglib.diagnostics.lanczos import top_eigenvalue

__all__ = [
    "condition_number",
    "effective_dof",
    "gradient_error",
    "gradient_norms",
    "jacobian_norms",
    "step_limit",
    "top_eigenvalue",
]

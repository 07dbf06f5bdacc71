"""Measure before you cure: is the gradient right, how curved the loss, which steps are stable?"""

from reglib.diagnostics.causes import CAUSES, Remedy
from reglib.diagnostics.curvature import (
    condition_number,
    effective_dof,
    top_eigenvalue,
)
from reglib.diagnostics.diagnosis import Diagnosis, diagnose
from reglib.diagnostics.gradients import gradient_error, gradient_norms, jacobian_norms
from reglib.diagnostics.logs import Log, read_trace
from reglib.diagnostics.measures import Facts
from reglib.diagnostics.stability import step_limit

__all__ = [
    "CAUSES",
    "Diagnosis",
    "Facts",
    "Log",
    "Remedy",
    "condition_number",
    "diagnose",
    "effective_dof",
    "gradient_error",
    "gradient_norms",
    "jacobian_norms",
    "read_trace",
    "step_limit",
    "top_eigenvalue",
]

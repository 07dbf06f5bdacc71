"""The tested mathematics behind *Regularization on Trial*: penalties, losses,
networks, solvers, optimizers, training, tuning, diagnostics.

Importing it needs NumPy only. A module is loaded when it is first asked for, so `import reglib`
costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

__version__ = "0.1.0"
__all__ = [
    "conventions",
    "datasets",
    "diagnostics",
    "doctor",
    "losses",
    "networks",
    "optimizers",
    "penalties",
    "solvers",
    "training",
    "tuning",
]


def __getattr__(name: str) -> ModuleType:
    if name in __all__:
        return import_module(f"reglib.{name}")
    raise AttributeError(f"module 'reglib' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])

"""Optional packages: what is missing is said in one line that names the extra."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def extra(name: str) -> Iterator[None]:
    """Around the imports of an optional package. ImportError: it, or what it needs, is missing."""
    try:
        yield
    except ModuleNotFoundError as error:
        package = str(error.name).split(".")[0]
        raise ImportError(f"{package} is missing: pip install 'reglib[{name}]'") from None

"""The `{environment}` directive: with which versions the numbers of this book were computed."""

from __future__ import annotations

import platform
from html import escape
from importlib.metadata import PackageNotFoundError, version

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

PACKAGES = {
    "NumPy": "numpy",
    "SciPy": "scipy",
    "scikit-learn": "scikit-learn",
    "Matplotlib": "matplotlib",
    "Jupyter Book": "jupyter-book",
    "Sphinx": "sphinx",
    "reglib, this book's library": "reglib",
}


def installed(package: str) -> str:
    """Version of a package, or the plain statement that it is absent."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def blas() -> str:
    """Name the library behind NumPy's matrix products: it decides the last digits."""
    try:
        import numpy  # noqa: F401  (loading it is what makes its BLAS visible)
        from threadpoolctl import threadpool_info
    except ImportError:
        return "unknown"
    pools = [pool for pool in threadpool_info() if pool.get("user_api") == "blas"]
    fields = ("internal_api", "version", "architecture")
    return " ".join(str(pools[0].get(field) or "") for field in fields) if pools else "unknown"


def rows() -> list[tuple[str, str]]:
    """Name and version of everything that can change a number or a page."""
    python = ("Python", platform.python_version())
    machine = ("System", f"{platform.system()} {platform.machine()}")
    return [python, *((k, installed(v)) for k, v in PACKAGES.items()), ("BLAS", blas()), machine]


class Environment(SphinxDirective):
    """Table of the versions that built this page."""

    def run(self) -> list[nodes.Node]:
        """Write the table."""
        body = "".join(
            f'<tr><th scope="row">{escape(name)}</th><td>{escape(value)}</td></tr>'
            for name, value in rows()
        )
        head = '<thead><tr><th scope="col">Software</th><th scope="col">Version</th></tr></thead>'
        caption = "<caption>Versions that computed this book</caption>"
        table = f'<table class="trial-table">{caption}{head}<tbody>{body}</tbody></table>'
        return [nodes.raw("", table, format="html")]


def setup(app: Sphinx) -> None:
    """Connect to Sphinx."""
    app.add_directive("environment", Environment)

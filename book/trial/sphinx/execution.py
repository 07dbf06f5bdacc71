"""The notebooks are executed before Sphinx reads the pages, several at a time.

myst-nb takes what it finds in its cache and executes the rest one after another. So the cache is
filled first, with one kernel for each processor, and myst-nb finds everything there.
"""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn, JupyterCacheAbstract
from nbformat import NotebookNode
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging

from trial.press import notebooks

logger = logging.getLogger(__name__)

COLOR = re.compile(r"\x1b\[[\d;]*m")


def is_cached(cache: JupyterCacheAbstract, path: Path) -> bool:
    """Whether this notebook was executed before with the same cells."""
    try:
        cache.match_cache_notebook(nbformat.read(path, as_version=4))
    except KeyError:
        return False
    return True


def fill(cache: JupyterCacheAbstract, paths: list[Path], timeout: int) -> list[notebooks.CellError]:
    """Execute what is not in the cache yet and put it there; returns what failed."""

    def keep(path: Path, notebook: NotebookNode, seconds: float) -> None:
        logger.info("executed %s in %.1f s", path.name, seconds)
        bundle = CacheBundleIn(notebook, str(path), data={"execution_seconds": seconds})
        cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)

    missing = [path for path in paths if not is_cached(cache, path)]
    return notebooks.execute_all(missing, keep, timeout) if missing else []


def execute(app: Sphinx, env: BuildEnvironment, docnames: list[str]) -> None:
    """Execute the notebooks among the pages to be read; a failed cell ends the build."""
    if app.config.nb_execution_mode != "cache":
        return
    paths = [Path(env.doc2path(name)) for name in docnames]
    paths = [path for path in paths if path.suffix == ".ipynb"]
    cache = get_cache(app.config.nb_execution_cache_path)
    failures = fill(cache, paths, app.config.nb_execution_timeout)
    for failure in failures:
        logger.error("%s\n%s", failure, COLOR.sub("", str(failure.__cause__)))
    if failures:
        raise SystemExit("No book was built. " + "; ".join(map(str, failures)))


def setup(app: Sphinx) -> None:
    """Connect to Sphinx."""
    app.connect("env-before-read-docs", execute)

"""No page may show a number older than the code that computed it.

Notebooks import `reglib`, but the execution cache compares only a notebook's own cells.
So the digest of the library names the cache folder, and a changed library runs every notebook.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config


def library_digest(root: Path) -> str:
    """Digest of every file that can change a number on a page, names included."""
    paths = [root / "requirements.lock", *root.glob("reglib/**/*.py")]
    for room in ("page", "chapters", "data"):
        paths += [p for p in root.glob(f"book/trial/{room}/**/*") if p.suffix != ".pyc"]
    digest = hashlib.sha256()
    for path in sorted(path for path in paths if path.is_file()):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{path.relative_to(root).as_posix()} {content}\n".encode())
    return digest.hexdigest()


def tie_cache_to_library(app: Sphinx, config: Config) -> None:
    """Give this state of the library its own execution cache and forget the older ones."""
    # Kernels inherit it: interactive figures then leave out the widget form no page can use.
    os.environ["REGLIB_STATIC"] = "1"
    if os.environ.get("BOOK_EXECUTE") == "off":
        config.nb_execution_mode = "off"  # tests build pages from the committed outputs
    config.reglib_digest = library_digest(Path(app.srcdir))
    caches = Path(app.outdir).parent / ".jupyter_cache"
    own = caches / config.reglib_digest[:16]
    config.nb_execution_cache_path = str(own)
    for old in caches.glob("*/"):
        if old != own and re.fullmatch("[0-9a-f]{16}", old.name):
            shutil.rmtree(old)


def setup(app: Sphinx) -> None:
    """Connect to Sphinx."""
    app.add_config_value("reglib_digest", "", "env", str)
    app.connect("config-inited", tie_cache_to_library)

"""What pages read: the ledger, the references, tables computed apart, values of other libraries."""

from importlib.resources import files
from pathlib import Path

FOLDER = Path(str(files(__name__)))
"""The same files from a checkout and from the wheel."""

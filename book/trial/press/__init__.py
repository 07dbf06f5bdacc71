"""From a checkout to what readers get: notebooks executed, tables computed, PDF, EPUB."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
"""The checkout: the press prints nothing else."""

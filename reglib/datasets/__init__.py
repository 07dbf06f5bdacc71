"""The data of the book, and what is done to data before a fit."""

from reglib.datasets.augment import Augmented, add_noise, input_dropout
from reglib.datasets.cleaning import Cleaned, Finding, clean
from reglib.datasets.sequences import (
    TEXT,
    Sequences,
    copy_task,
    digits,
    first_input,
    leaky_memory,
    typed_text,
)
from reglib.datasets.tables import (
    Data,
    Standardized,
    article,
    diabetes,
    longley,
    standardize,
)

__all__ = [
    "TEXT",
    "Augmented",
    "Cleaned",
    "Data",
    "Finding",
    "Sequences",
    "Standardized",
    "add_noise",
    "article",
    "clean",
    "copy_task",
    "diabetes",
    "digits",
    "first_input",
    "input_dropout",
    "leaky_memory",
    "longley",
    "standardize",
    "typed_text",
]

"""The data of the book, and what is done to data before a fit."""

from reglib.datasets.augment import Augmented, add_noise, input_dropout
from reglib.datasets.cleaning import Cleaned, Finding, clean
from reglib.datasets.sequences import Sequences, digits, first_input, leaky_memory
from reglib.datasets.tables import (
    Data,
    Standardized,
    article,
    diabetes,
    longley,
    standardize,
)

__all__ = [
    "Augmented",
    "Cleaned",
    "Data",
    "Finding",
    "Sequences",
    "Standardized",
    "add_noise",
    "article",
    "clean",
    "diabetes",
    "digits",
    "first_input",
    "input_dropout",
    "leaky_memory",
    "longley",
    "standardize",
]

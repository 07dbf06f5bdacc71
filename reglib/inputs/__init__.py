"""What may come in: an argument is declared as a kind, and `checked` sees to it.

    @checked
    def shrink(w: Weights, step: Positive) -> Array: ...

Lists and integers come as float64, copied only where they must be. What does not fit is a
ValueError or a TypeError with name, rule and value: "step must be finite and > 0, got -1". A kind
is a type and its rules, rule(name, value). A body calls a rule where it looks at something else.
"""

from reglib.inputs.arrays import *
from reglib.inputs.checking import *
from reglib.inputs.norms import *
from reglib.inputs.numbers import *
from reglib.inputs.things import *

DIVERGED = 1e12
"""A run is over when a weight reaches this size; far beyond it float64 overflows."""

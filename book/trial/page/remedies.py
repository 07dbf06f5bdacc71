"""The chapter that says why a remedy of `diagnose` helps, by the remedy's topic."""

CHAPTERS = {
    "step limit": "01_two_explosions",
    "penalty in a step": "03_one_step",
    "scale of the data": "06_real_data",
    "step size rules": "07_step_sizes",
    "strength of a penalty": "08_choosing_lambda",
    "bad rows": "09_data",
    "gradient by layer": "10_depth",
    "jumps": "11_cliff",
    "start of a network": "12_remedies",
    "vanishing": "13_vanishing",
    "clip and decay": "14_order",
}
"""Topic of a `reglib.doctor.Remedy` -> notebook."""

"""The chapter that says why a remedy of `diagnose` helps, by the remedy's topic."""

CHAPTERS = {
    "step limit": "01_two_explosions",
    "penalty in a step": "03_one_step",
    "early stopping": "04_building",
    "gradient check": "05_the_program",
    "scale of the data": "06_real_data",
    "step size rules": "07_step_sizes",
    "strength of a penalty": "08_choosing_lambda",
    "bad rows": "09_data",
    "data": "09_data",
    "gradient by layer": "10_depth",
    "jumps": "11_cliff",
    "start of a network": "12_remedies",
    "vanishing": "13_vanishing",
    "clip and decay": "14_order",
    "number format": "16_diagnose",
    "not finite": "16_diagnose",
    "what to log": "16_diagnose",
}
"""Topic of a `reglib.doctor.Remedy` -> notebook."""

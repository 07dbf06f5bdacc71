"""scikit-learn's own tests of its linear models, on our solvers: what applies passes."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = ("base", "ridge", "coordinate_descent", "logistic", "huber")
LEFT = {
    "sparse tables",
    "sample weights",
    "more than two classes",
    "several targets",
    "weights that must be positive",
    "results in float32",
    "a warm start",
    "an L1 penalty beside Newton",
    "a penalized intercept",
    "a Gram matrix that is handed in",
    "Skipped",  # by scikit-learn itself
}
"""What the adapters refuse: reglib does not do it."""
THEIRS = {
    "test_enet_nonfinite_params": "the words of an error about data that overflow",
    "test_lasso_dual_gap": "a gap to the last bit of their own",
    "test_lasso_alpha_warning": "a warning of their descent at alpha = 0, where ours is exact",
    "test_warm_start_convergence": "how many iterations their descent takes",
    "test_warm_start_convergence_with_regularizer_decrement": "the same",
    "test_enet_copy_X_False_check_input_False": "X is written over; ours writes to no input",
    "test_max_iter": "the words of their warnings",
    "test_penalty_none": "a warning about C where there is no penalty",
    "test_zero_max_iter": "no iteration at all: max_iter must be >= 1 here",
    "test_newton_cholesky_fallback_to_lbfgs": "a second solver behind theirs",
    "test_l1_ratio_None_deprecated": "a deprecation of theirs",
    "test_logistic_regression_callback_support": "callbacks of theirs",
    "test_huber_scaling_invariant": "a residual at the very border of their scale",
}
"""Tests that fail: they look at something that is not the fit."""


@pytest.mark.slow
def test_what_applies_passes_and_the_rest_has_a_reason(tmp_path):
    report = tmp_path / "report.json"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
    command += ["-p", "tests.reglib.scikit_learn_adapters", "-c", os.devnull, "--pyargs"]
    command += [f"--rootdir={tmp_path}"]
    command += [f"sklearn.linear_model.tests.test_{name}" for name in MODULES]
    # As it comes: the settings of this run are not those of theirs.
    env = os.environ | {"REPORT": str(report), "PYTEST_ADDOPTS": ""}
    run = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
    assert report.exists(), run.stdout[-2000:]
    outcomes = json.loads(report.read_text(encoding="utf-8"))
    counts = Counter(outcome for outcome, _ in outcomes.values())
    reasons = Counter(reason for outcome, reason in outcomes.values() if outcome == "skipped")
    print(dict(counts), dict(reasons))
    failed = [name for name, (outcome, _) in outcomes.items() if outcome == "failed"]
    assert {name.rpartition("::")[2].partition("[")[0] for name in failed} == set(THEIRS)
    assert set(reasons) <= LEFT
    assert counts["passed"] > 250

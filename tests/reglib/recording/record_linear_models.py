"""Record what statsmodels, XGBoost, LightGBM and optax fit for a strength in their own units.

Run with the four in an environment of its own; the tests read the file it writes and need none:

    python tests/reglib/recording/record_linear_models.py

The data are those of conventions.json. A case whose name ends in "a leaf" has two groups of rows
and no other column: its weights are the values of the two leaves of one tree.
"""

import json
from pathlib import Path

import jax
import lightgbm
import numpy as np
import optax
import statsmodels
import statsmodels.api as sm
import xgboost

DATA = Path(__file__).parents[3] / "book" / "trial" / "data" / "recorded"
TOLD = json.loads((DATA / "conventions.json").read_text(encoding="utf-8"))
X, Y, LABELS = (np.array(TOLD[name]) for name in ("X", "y", "labels"))
GROUP = LABELS[:, None]
jax.config.update("jax_enable_x64", True)


def boosted_line(**strength):
    """XGBoost's linear booster after many rounds: intercept and weights."""
    options = {"booster": "gblinear", "updater": "coord_descent", "eta": 0.5, "base_score": 0.0}
    table = xgboost.DMatrix(X, Y)
    trained = xgboost.train(options | strength, table, 4000)
    told = json.loads(trained.get_dump(dump_format="json")[0])
    return [*told["bias"], *told["weight"]]


def leaf(library, value):
    """The two leaves of one stump."""
    if library is xgboost:
        options = {"max_depth": 1, "eta": 1.0, "base_score": 0.0, "reg_lambda": value}
        tree = xgboost.train(options | {"min_child_weight": 0}, xgboost.DMatrix(GROUP, Y), 1)
        return tree.predict(xgboost.DMatrix([[0.0], [1.0]])).tolist()
    options = {"num_leaves": 2, "learning_rate": 1.0, "lambda_l2": value, "verbose": -1}
    options |= {"boost_from_average": False, "min_data_in_leaf": 1, "min_sum_hessian_in_leaf": 0}
    tree = lightgbm.train(options, lightgbm.Dataset(GROUP, Y), 1)
    return tree.predict([[0.0], [1.0]]).tolist()


def decayed(value):
    """optax: half the mean square error, decayed weights behind the gradient."""
    rule = optax.chain(optax.add_decayed_weights(value), optax.sgd(0.1))
    slope = jax.grad(lambda w: optax.l2_loss(X @ w, Y).mean())
    w, memory = np.zeros(3), rule.init(np.zeros(3))
    for _ in range(3000):
        update, memory = rule.update(slope(w), memory, w)
        w = optax.apply_updates(w, update)
    return np.asarray(w).tolist()


def cases():
    """Every case: its name, the value given, the weights found."""
    ols, logit = sm.OLS(Y, X), sm.Logit(LABELS, X)
    tight = {"cnvrg_tol": 1e-14, "zero_tol": 1e-14, "maxiter": 10_000}
    lasso = ols.fit_regularized(alpha=0.1, L1_wt=1.0, **tight).params
    logistic = logit.fit_regularized(alpha=1.0, disp=0, acc=1e-14, maxiter=10_000).params
    return [
        ("statsmodels OLS.fit_regularized, L1_wt = 0", 0.1, ols.fit_regularized(
            alpha=0.1, L1_wt=0.0).params.tolist()),
        ("statsmodels OLS.fit_regularized, L1_wt = 1", 0.1, lasso.tolist()),
        ("statsmodels Logit.fit_regularized", 1.0, logistic.tolist()),
        ("XGBoost gblinear, reg_lambda", 0.1, boosted_line(reg_lambda=0.1)),
        ("XGBoost gblinear, reg_alpha", 0.1, boosted_line(reg_alpha=0.1)),
        ("XGBoost reg_lambda, a leaf", 3.0, leaf(xgboost, 3.0)),
        ("LightGBM lambda_l2, a leaf", 3.0, leaf(lightgbm, 3.0)),
        ("optax add_decayed_weights, l2_loss", 0.3, decayed(0.3)),
    ]  # fmt: skip


if __name__ == "__main__":
    made = {m.__name__: m.__version__ for m in (statsmodels, xgboost, lightgbm, optax)}
    fitted = [{"case": name, "value": value, "w": w} for name, value, w in cases()]
    text = json.dumps({"made_with": made, "fitted": fitted}, indent=1)
    (DATA / "linear_models.json").write_text(text + "\n", encoding="utf-8")
    print(text)

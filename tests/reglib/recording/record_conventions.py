"""Record what PyTorch, Keras and glmnet fit for a given strength, in their own units.

Run with PyTorch, Keras and R's glmnet in an environment of its own; the tests read the file it
writes and need none of them:

    python tests/reglib/recording/record_conventions.py > book/trial/data/recorded/conventions.json

The data are sines of whole numbers, so that no random stream can change them. Nothing of reglib is
imported. A linear model is trained on all rows at once, in float64, until it stands still; it has
no intercept unless the case says so. It takes about two minutes.
"""

import json
import os
import subprocess

os.environ["KERAS_BACKEND"] = "torch"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import keras
import numpy as np
import torch

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
keras.config.set_floatx("float64")

N, P, N_STEPS, RATE = 24, 3, 2000, 0.05
X = np.sin(1.7 * np.arange(1, 1 + N * P) ** 1.3).reshape(N, P)
Y = 2 + X @ [3.0, -2.0, 1.0] + np.cos(2.3 * np.arange(N))
LABELS = (Y > 2.5).astype(float)
LOSS = {
    "MSELoss": (torch.nn.MSELoss(), Y),
    "MSELoss(reduction='sum')": (torch.nn.MSELoss(reduction="sum"), Y),
    "BCEWithLogitsLoss": (torch.nn.BCEWithLogitsLoss(), LABELS),
    "CrossEntropyLoss": (torch.nn.CrossEntropyLoss(), LABELS),
}
SGD, ADAM, ADAMW = torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW


def fit_torch(loss, optimizer, weight_decay, *, rate=RATE, falls=1.0, n_steps=N_STEPS, **layer):
    """The weights after full-batch steps; the rate falls by the factor `falls` a step."""
    (measure, y), outputs = LOSS[loss], layer.get("outputs", 1)
    y = torch.tensor(y, dtype=torch.long if outputs == 2 else torch.float64)
    model = torch.nn.Linear(P, outputs, bias=layer.get("bias", False))
    for parameter in model.parameters():
        torch.nn.init.zeros_(parameter)
    step = optimizer(model.parameters(), lr=rate, weight_decay=weight_decay)
    plan = torch.optim.lr_scheduler.ExponentialLR(step, falls)
    rows = torch.tensor(X)
    for _ in range(n_steps):
        step.zero_grad()
        measure(model(rows) if outputs == 2 else model(rows)[:, 0], y).backward()
        step.step()
        plan.step()
    flat = [w.detach().ravel().numpy() for w in model.parameters()]
    return np.concatenate(flat[::-1]).tolist()  # an intercept stands first


def fit_keras(loss, optimizer, regularizer=None, y=Y):
    """The kernel of one Dense unit after N_STEPS full-batch steps."""
    unit = keras.layers.Dense(
        1, use_bias=False, kernel_initializer="zeros", kernel_regularizer=regularizer
    )
    model = keras.Sequential([keras.Input((P,)), unit])
    model.compile(optimizer, loss)
    model.fit(X, y[:, None], batch_size=N, epochs=N_STEPS, shuffle=False, verbose=0)
    return np.ravel(unit.get_weights()[0]).tolist()


GLMNET = """
suppressMessages({library(glmnet); library(jsonlite)})
data <- fromJSON(file("stdin")); X <- data$X
fit <- function(case) {
  y <- if (case$family == "binomial") data$labels else data$y
  family <- if (case$family == "gaussian()") gaussian() else case$family
  path <- glmnet(X, y, family = family, alpha = case$alpha, intercept = case$intercept,
    lambda = c(10, 1) * case$lambda, standardize = FALSE, thresh = 1e-24, maxit = 1e6)
  as.numeric(coef(path)[, 2])
}
cases <- lapply(split(data$cases, seq_len(nrow(data$cases))), fit)
made <- paste("glmnet", packageVersion("glmnet"), "in R", getRversion())
cat(toJSON(list(made = made, w = unname(cases)), digits = NA, auto_unbox = TRUE))
"""


def fit_glmnet(cases):
    """Intercept and weights for each case, the intercept 0 where there is none."""
    data = {"X": X.tolist(), "y": Y.tolist(), "labels": LABELS.tolist(), "cases": cases}
    run = ["Rscript", "-e", GLMNET]
    done = subprocess.run(run, input=json.dumps(data), capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def torch_cases():
    def case(name, loss, optimizer, value, **options):
        settings = {"loss": loss, "optimizer": optimizer.__name__, "weight_decay": value}
        return {"case": name} | settings | {"w": fit_torch(loss, optimizer, value, **options)}

    def momentum(*args, **options):
        return SGD(*args, momentum=0.9, **options)

    momentum.__name__ = "SGD, momentum 0.9"
    falling = {"rate": 0.1, "falls": 0.995}
    slower = {"rate": 0.1, "falls": 0.9996, "n_steps": 20_000}
    summed = "MSELoss(reduction='sum')"
    return [
        case("PyTorch, MSELoss", "MSELoss", SGD, 0.3),
        case("PyTorch, MSELoss", "MSELoss", momentum, 0.3),
        case("PyTorch, MSELoss", "MSELoss", ADAM, 0.3, **falling),
        case("PyTorch, MSELoss(reduction='sum')", summed, SGD, 5.0, rate=RATE / N),
        case("PyTorch, cross-entropy", "BCEWithLogitsLoss", SGD, 0.2, rate=0.5),
        case("bias", "MSELoss", SGD, 0.3, bias=True),
        case("two outputs", "CrossEntropyLoss", SGD, 0.2, rate=0.5, outputs=2),
        case("AdamW", "MSELoss", ADAMW, 1.0, **falling),
        case("AdamW, 20000 steps", "MSELoss", ADAMW, 0.1, **slower),
        case("AdamW, 20000 steps", "MSELoss", ADAMW, 1.0, **slower),
    ]


def keras_cases():
    of, entropy = keras.regularizers, keras.losses.BinaryCrossentropy(from_logits=True)
    sgd = keras.optimizers.SGD
    falling = keras.optimizers.schedules.ExponentialDecay(0.1, 1, 0.995)
    adamw = keras.optimizers.AdamW(falling, weight_decay=1.0)
    plain, heavy = sgd(RATE, weight_decay=0.3), sgd(RATE / 10, momentum=0.9, weight_decay=0.3)
    return [
        {"case": name, "value": value, "w": fit_keras(*fit)}
        for name, value, fit in (
            ("Keras L2, mse", 0.3, ("mse", sgd(RATE), of.L2(0.3))),
            ("Keras L1, mse", 0.1, ("mse", sgd(RATE), of.L1(0.1))),
            ("Keras L2, cross-entropy", 0.2, (entropy, sgd(0.5), of.L2(0.2), LABELS)),
            ("Keras SGD without momentum, mse", 0.3, ("mse", plain)),
            ("momentum 0.9", 0.3, ("mse", heavy)),
            ("AdamW", 1.0, ("mse", adamw)),
        )
    ]


def glmnet_cases():
    cases = [
        {"case": name, "lambda": value, "alpha": alpha, "family": family, "intercept": intercept}
        for name, value, alpha, family, intercept in (
            ("glmnet, alpha = 0", 0.6, 0.0, "gaussian", True),
            ("glmnet, alpha = 0", 0.6, 0.0, "gaussian", False),
            ("glmnet, alpha = 1", 0.2, 1.0, "gaussian", True),
            ("glmnet, alpha = 1", 0.2, 1.0, "gaussian", False),
            ("glmnet", 0.4, 0.5, "gaussian", True),
            ("family = gaussian()", 0.6, 0.0, "gaussian()", True),
            ("glmnet, binomial, alpha = 0", 0.1, 0.0, "binomial", True),
        )
    ]
    done = fit_glmnet(cases)
    return done["made"], [case | {"w": w} for case, w in zip(cases, done["w"], strict=True)]


def main():
    glmnet, fitted = glmnet_cases()
    made = f"PyTorch {torch.__version__}, Keras {keras.__version__} on it, {glmnet}; CPU, float64"
    record = {"made_with": f"{made}; see record_conventions.py", "X": X.tolist(), "y": Y.tolist()}
    record |= {"labels": LABELS.tolist(), "glmnet": fitted}
    print(json.dumps(record | {"torch": torch_cases(), "keras": keras_cases()}))


if __name__ == "__main__":
    main()

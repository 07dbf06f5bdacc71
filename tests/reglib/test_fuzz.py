"""Ten thousand calls of everything public: a right or flagged result, or an error with words."""

import inspect
import re
import warnings
from collections import Counter
from importlib import import_module

import numpy as np
import pytest

import reglib
from reglib import losses, networks, optimizers, penalties, solvers, tuning

CALLS, SEED = 10_000, 0
RNG = np.random.default_rng(7)
X, W = RNG.standard_normal((6, 3)), RNG.standard_normal(3)
Y, LABELS = X @ [1.0, -2.0, 0.5] + 0.1, np.array([0, 1, 0, 1, 1, 0])
SQUARED, L1, L2 = losses.SquaredError(X, Y), penalties.L1(0.1), penalties.L2(0.1)
HUBER, LOGISTIC = losses.HuberLoss(X, Y, 1.0), losses.LogisticLoss(X, LABELS)
TOKENS = RNG.integers(0, 3, (4, 5))
MLP, RNN = networks.MLP(X, Y, (3, 2, 1)), networks.RNN(X[:, :, None], Y, 2)
NETS = [MLP, RNN, networks.GRU(X[:, :, None], Y, 2), networks.Transformer(TOKENS, 3, width=4)]
MASK, ODD, NAN, INF = np.array([True, False, True]), np.array([1, 0, 1]), np.nan, np.inf
HALVES = [([0, 1, 2], [3, 4, 5]), ([3, 4, 5], [0, 1, 2])]
COLUMN = np.array([[0.1], [0.7]])
SGD = optimizers.Optimizer(learning_rate=0.1)


class Moody:
    """Like a parameter of another library that must be detached first."""

    def __array__(self, *args, **kw):
        raise RuntimeError("call detach() first")


# What is right for a parameter, by its name; "owner.name" where the owner differs.
GOOD = {}
GOOD |= {"X": [X, X.tolist(), X.astype(np.float32), X[:4], np.asfortranarray(X)]}
GOOD |= {"y": [Y, Y.tolist(), LABELS, Y.astype(np.float16)]}
GOOD |= {"LogisticLoss.y": [LABELS, LABELS.astype(bool), LABELS.tolist()], "u": [X[:, :, None]]}
GOOD |= {"tokens": [TOKENS, TOKENS.tolist()], "activation": ["tanh", "linear"]}
GOOD |= dict.fromkeys(["vocabulary", "symbols"], [3, np.uint8(8)])
GOOD |= dict.fromkeys(["given", "heads", "layers", "half"], [1, 2])
GOOD |= {"width": [4, np.uint8(4)], "norm": ["pre", "post", None], "Transformer.length": [None, 8]}
GOOD |= {"w": [W, W.tolist(), np.zeros(3), np.stack([W, 2 * W]), W * 1e8, W * 1e-200]}
GOOD |= {"b": [W, 0.5, [[1.0]]], "weights": [W[:2], np.ones((4, 2)), [0.5, 0.5]]}
GOOD |= dict.fromkeys(["w0", "v", "gradient", "update"], [W, [0, 0, 0], np.zeros((2, 3))])
GOOD |= dict.fromkeys(["lam", "step", "rate"], [0.1, 1, 0.01, np.float32(0.5), COLUMN])
GOOD |= dict.fromkeys(["c", "delta", "max_norm", "gain", "value"], [1.0, 0.3, 2, COLUMN])
GOOD |= dict.fromkeys(["beta", "l1_ratio", "p", "decay"], [0.5, 0, 0.01])
HALF = ["beta1", "beta2", "shrink", "slope", "factor", "x0", "SigmoidUnit.target"]
GOOD |= dict.fromkeys(HALF, [0.5])
GOOD |= dict.fromkeys(["eps", "tol", "final"], [1e-8, 1e-3])
GOOD |= {"lams": [[0.1, 1.0], (1e-3,), np.geomspace(1e-3, 1, 4)]}
GOOD |= {"learning_rate": [0.1, COLUMN, optimizers.Cosine(0.1, 9)]}
GOOD |= {"sigma": [0.1, 0, [0.1, 0.2, 0.3]], "y_std": [2.0, None]}
GOOD |= dict.fromkeys(["source", "target"], ["ours", "scikit-learn Ridge", "PyTorch, MSELoss"])
NETS_OF = ["ours", "glmnet", "scikit-learn ElasticNet"]
GOOD |= {f"translate_elastic_net.{side}": NETS_OF for side in ("source", "target")}
GOOD |= {"outliers": [3.0, None], "bound": [1e12, INF], "n": [6, 10], "k": [2, 3, np.uint8(4), 0]}
COUNTS = ["n_steps", "every", "copies", "length", "chunk", "max_iter", "patience", "hidden"]
GOOD |= dict.fromkeys(COUNTS, [3, np.uint8(40), 1]) | {"kfold.k": [2, 3, np.uint8(4)]}
GOOD |= dict.fromkeys(["n_epochs", "batch_size", "timeout", "folder", "classes"], [None])
GOOD |= {"n_jobs": [None, 1], "sizes": [(3, 2, 1), [3, 1]], "shape": [(1, 3), (3, 1)]}
GOOD |= {"groups": [[0, 1, 1], ODD], "mask": [None, MASK], "Masked.mask": [MASK]}
GOOD |= {"rows": [[0, 2], slice(3), np.arange(6) < 4], "names": [None, ["a", "b", "c"]]}
GOOD |= {"folds": [HALVES], "rng": [np.random.default_rng(1)], "placement": [*solvers.PLACEMENTS]}
GOOD |= dict.fromkeys(["loss", "objective"], [SQUARED, HUBER, LOGISTIC])
GOOD |= dict.fromkeys(["MLP.loss", "RNN.loss", "GRU.loss"], ["squared"])
GOOD |= dict.fromkeys(["coordinate_descent.loss", "validation"], [SQUARED])
GOOD |= {"kind": ["gaussian", "orthogonal"], "hessian_or_loss": [SQUARED, LOGISTIC, X.T @ X]}
GOOD |= {"penalty": [L1, L2, penalties.ElasticNet(0.1, 0.5), penalties.Masked(L2, MASK)]}
GOOD |= {"coordinate_descent.penalty": [L1, L2, None], "then": [optimizers.Cosine(0.1, 9)]}
GOOD |= {"transforms": [optimizers.ClipByNorm(1.0), optimizers.Momentum()]}
GOOD |= {"optimizer": [SGD, optimizers.Optimizer(optimizers.AdamScaling(), learning_rate=0.1)]}
GOOD |= {"network": [RNN], "factors": [[np.eye(2), np.eye(2)], MLP.jacobians(MLP.init(RNG))]}
GOOD |= {"scores": [tuning.gcv(X, Y, [0.1, 1.0])], "grid": [{"lam": [0.1, 1.0]}]}
GOOD |= {"run": [lambda lam: {"w": lam}], "score": [lambda lam: float(lam)], "bounds": [(0.1, 1.0)]}
GOOD |= {"fit": [solvers.ridge], "watch": [None, lambda step: None], "progress": [None, iter]}
FLAGS = [True, False, np.True_]
WRONG = [None, "no", b"1", NAN, INF, -INF, -1, -0.5, 0, 2, 2.5, 10**400, 1j, True, [], {}, ()]
WRONG += [[[1.0], [1.0, 2.0]], np.ma.masked_array([1.0, 2.0, 3.0], [0, 1, 0]), Moody(), object()]
WRONG += [np.ones((0, 3)), np.ones((2, 2, 3)), np.full(3, NAN), W[:2], X.T, [0.1, 0.2], L1, SQUARED]
WRONG += [np.array(["a"]), np.array([None]), np.datetime64("2020"), losses.SquaredError]
WRONG += [np.zeros((6, 3)), np.full(6, -3.0), np.float64("nan")]
EXTREME = [1e308, 5e-324, 1e200, 1e-200, [[1e300], [1e-300]], W * 1e200, W * 1e-200, X * 1e200]
EXTREME += [X * 1e-200, Y * 1e200, Y * 1e-200, np.full((6, 3), 1e308), X * [1e150, 1.0, 1e-150]]

TRANSFORMS = [optimizers.AdaGrad(), optimizers.Momentum(), optimizers.Nesterov(), SGD]
TRANSFORMS += [optimizers.RMSProp(), optimizers.AdamScaling(), optimizers.ClipByNorm(1.0)]
TRANSFORMS += [optimizers.WeightDecay(0.1), optimizers.Hypergradient(0.1, 0.1)]
PLANS = [optimizers.Cosine(0.1, 9), optimizers.StepDecay(0.1, 3, 0.5)]
PLANS += [optimizers.InverseSqrt(0.1, 9), optimizers.WarmUp(3, PLANS[0])]
PENALTIES = [L1, L2, penalties.ElasticNet(0.1, 0.5), penalties.GroupLasso(0.1, ODD)]
PENALTIES += [kind(0.1, (1, 3)) for kind in (penalties.Nuclear, penalties.Spectral)]
PENALTIES += [kind(0.1, (1, 3)) for kind in (penalties.Orthogonal, penalties.SpectralBall)]
MADE = [SQUARED, HUBER, LOGISTIC, penalties.Masked(L1, MASK), *PENALTIES, *TRANSFORMS, *PLANS]
MADE = [(made, W) for made in MADE] + [(networks.SigmoidUnit(5), W[:2])]
MADE += [(net, net.init(np.random.default_rng(1))) for net in NETS]
MADE += [(networks.Omega(RNN, 0.1), RNN.init(np.random.default_rng(1)))]
RECORDS = "Augmented Cleaned Convention Data Finding History Implicit Path Result Scores Search"
RECORDS = {*RECORDS.split(), "Sequences", "Standardized", "Step", "Sweep", "Penalty"}
"""A reader gets them, and makes none."""
ROOMS = [room for room in reglib.__all__ if room != "doctor"]


def public():
    """(label, function, how its weights go) of every public name, and of the methods of a thing."""
    for room in ROOMS:
        module = import_module(f"reglib.{room}")
        for name in module.__all__:
            thing = getattr(module, name)
            if callable(thing) and name not in RECORDS:
                yield name, thing, W
    for made, w in MADE:
        for name, method in inspect.getmembers(made, inspect.ismethod):
            if not name.startswith("_") and name != "progress":
                yield f"{type(made).__name__}.{name}", method, w


def call(rng, label, function, w):
    """One call with good values, of which none, one or two are exchanged for something wrong."""
    named, given, more = inspect.signature(function).parameters, {}, []
    some = min(len(named), rng.integers(3))
    wrong = rng.choice(list(named), some, replace=False) if some else []
    for name, p in named.items():
        flag = "bool" in str(p.annotation) or "Flag" in str(p.annotation)
        owner = label.split(".")[0]
        own = [w] if name in ("w", "gradient", "update", "v") and w is not W else None
        good = FLAGS if flag else own or GOOD.get(f"{owner}.{name}") or GOOD.get(name)
        if name == "memory":
            good = [function.__self__.start(w)]
        assert good, f"what is right for {name} of {label}?"
        bad = EXTREME if rng.random() < 0.3 else WRONG
        if name in ("run", "score", "fit"):  # what a function of the caller's raises is theirs
            bad = [value for value in bad if not callable(value)]
        pool = bad if name in wrong and name not in ("memory", "folder") else good
        value = pool[rng.integers(len(pool))]
        if p.kind is p.VAR_POSITIONAL:
            more.append(value)
        elif p.kind is p.VAR_KEYWORD:
            given["lam"] = value
        elif name in wrong or p.default is p.empty or rng.random() < 0.3:
            given[name] = value
    first = [given.pop(n) for n, p in named.items() if p.kind is p.POSITIONAL_ONLY and n in given]
    return [*first, *more], given


def holds(value, bad):
    """Whether something bad is in an array, or in anything that holds arrays."""
    if isinstance(value, dict):
        return any(holds(v, bad) for v in value.values())
    if isinstance(value, list | tuple):
        return any(holds(v, bad) for v in value)
    if isinstance(value, float | np.ndarray | np.generic):
        array = np.asarray(value)
        return array.dtype.kind in "fc" and bad(array).any()
    return hasattr(value, "__dict__") and any(holds(v, bad) for v in vars(value).values())


def flagged(result):
    """Whether a result says itself that it is not one."""
    at = getattr(result, "diverged_at", -1)
    return bool(np.any(np.asarray(at) >= 0) or not np.all(getattr(result, "converged", True)))


def outcome(function, more, given):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            result = function(*more, **given)
        except Warning as warning:
            return "leaked warning", warning
        except (TypeError, ValueError) as error:
            words = re.search(r"\b(must|need|give|goes|takes|are for) .*got ", str(error), re.S)
            return ("worded error" if words else "raw error"), error
        except Exception as error:
            return "raw error", error
    if holds(result, np.isnan) and not flagged(result):
        inf = holds([more, given], lambda v: ~np.isfinite(v))
        return ("NaN from NaN" if inf else "silent NaN"), result
    return ("flagged result" if flagged(result) else "right result"), result


def run(n):
    rng, found = np.random.default_rng(SEED), []
    everything = list(public())
    for k in range(n):
        label, function, w = everything[k % len(everything)]
        more, given = call(rng, label, function, w)
        kind, what = outcome(function, more, given)
        found.append((kind, label, more, given, what))
    return found


@pytest.mark.slow
def test_every_call_ends_in_a_result_or_in_words():
    found = run(CALLS)
    counts = Counter(kind for kind, *_ in found)
    print(dict(counts))
    allowed = {"right result", "flagged result", "worded error", "NaN from NaN"}
    assert set(counts) <= allowed, [f for f in found if f[0] not in allowed][:5]

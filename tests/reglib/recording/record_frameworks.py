"""Record what five frameworks do with clip, decay, accumulation and loss scale, for the page
*Where your framework stands* and the chapter on sixteen bits.

Run in an environment of its own that has torch, keras, jax, optax, transformers, accelerate and
lightning; the tests read the file it writes and need none of them:

    python tests/reglib/recording/record_frameworks.py

`ends`: each line of frameworks.csv takes 30 steps down the article's least squares from (3, 2),
in float64. `defaults` are read off signatures. `moved` names what an optimizer's decay moves when
every gradient is zero, `chosen` the same where only matrices are to decay. `accumulated` is a step
over two micro-batches with the gradients (6, 8) and (0, -0.5), a clip at 1 and a rate of 1.
`scaler` is PyTorch's GradScaler on the CPU, `home` the fence of the chapter, `bfloat16` PyTorch's
rounding, as bits.
"""

import csv
import inspect
import json
import logging
import os
import re
import sys
import tempfile
import warnings
from importlib.metadata import version
from pathlib import Path

os.environ |= {"KERAS_BACKEND": "torch", "CUDA_VISIBLE_DEVICES": "", "HF_HUB_OFFLINE": "1"}
warnings.filterwarnings("ignore")

import jax  # noqa: E402
import keras  # noqa: E402
import lightning  # noqa: E402
import numpy as np  # noqa: E402
import optax  # noqa: E402
import torch  # noqa: E402
import transformers  # noqa: E402
from torch import nn  # noqa: E402
from torch.utils.data import DataLoader, Dataset  # noqa: E402

DATA = Path(__file__).parents[3] / "book" / "trial" / "data"
X, Y = np.column_stack([np.ones(5), np.arange(1.0, 6.0)]), np.array([2.0, 4, 7, 11, 16])
CHAPTER = DATA.parents[2] / "notebooks" / "18_sixteen_bits.ipynb"
START, STEPS = [3.0, 2.0], 30
MICRO = [[6.0, 8.0], [0.0, -0.5]]
jax.config.update("jax_enable_x64", True)
keras.config.set_floatx("float64")
keras.config.disable_interactive_logging()
for name in ("lightning", "lightning.pytorch", "transformers"):
    logging.getLogger(name).setLevel(logging.ERROR)


def misfit(w):
    """Half the mean of the squares, from torch's weights."""
    return (torch.tensor(X) @ w - torch.tensor(Y)).square().mean() / 2


def pytorch(code):
    w = nn.Parameter(torch.tensor(START, dtype=torch.float64))
    names = {"w": [w], "fit": lambda: misfit(w), "square": lambda w: w[0].square().sum()}
    names |= {name: getattr(torch.optim, name) for name in ("SGD", "Adam", "AdamW")}
    names["clipped"] = lambda made, loss=lambda: misfit(w): (made, loss)
    made, loss = eval(code, names)
    for _ in range(STEPS):
        made.zero_grad()
        loss().backward()
        nn.utils.clip_grad_norm_([w], 1.0)
        made.step()
    return w.tolist()


class Line(keras.layers.Layer):
    """X w with a regularizer on w."""

    def __init__(self, regularizer=None, **options):
        super().__init__(**options)
        self.w = self.add_weight(
            shape=(2,), initializer=lambda shape, dtype: keras.ops.array(START, dtype),
            regularizer=regularizer,
        )  # fmt: skip

    def call(self, x):
        return keras.ops.sum(x * self.w, axis=-1)


def half_square(y, z):
    return keras.ops.mean(keras.ops.square(z - y)) / 2


def of_keras(code):
    names = {name: getattr(keras.optimizers, name) for name in ("SGD", "Adam", "AdamW")}
    names |= {"L2": keras.regularizers.L2, "made": lambda optimizer, regularizer=None: (
        optimizer, regularizer)}  # fmt: skip
    made, regularizer = eval(f"made({code})", names)
    line = Line(regularizer)
    model = keras.Sequential([keras.Input((2,)), line])
    model.compile(made, half_square)
    model.fit(X, Y, batch_size=5, epochs=STEPS, verbose=0, shuffle=False)
    return line.w.numpy().tolist()


def of_optax(code):
    w, made = jax.numpy.array(START), eval(code, vars(optax).copy())
    state = made.init(w)
    for _ in range(STEPS):
        gradient = X.T @ (X @ np.array(w) - Y) / 5
        updates, state = made.update(jax.numpy.array(gradient), state, w)
        w = optax.apply_updates(w, updates)
    return w.tolist()


class Rows(Dataset):
    """The five rows as one item, so many times as there are steps; or the micro-batches."""

    def __init__(self, items):
        self.items = items

    def __len__(self):
        return len(self.items)

    def __getitem__(self, k):
        return {"x": torch.tensor(self.items[k], dtype=torch.float64)}


class Fit(nn.Module):
    """The misfit, whatever comes in; or x w, whose gradient is x."""

    def __init__(self, linear=False):
        super().__init__()
        self.w = nn.Parameter(torch.tensor(START, dtype=torch.float64))
        self.linear = linear

    def forward(self, x):
        return {"loss": (x.mean(dim=0) @ self.w) if self.linear else misfit(self.w)}


def train_hugging_face(model, items, **options):
    with tempfile.TemporaryDirectory() as folder:
        arguments = transformers.TrainingArguments(
            output_dir=folder, per_device_train_batch_size=1, lr_scheduler_type="constant",
            report_to=[], save_strategy="no", disable_tqdm=True, use_cpu=True,
            remove_unused_columns=False, logging_strategy="no", num_train_epochs=1, **options,
        )  # fmt: skip
        transformers.Trainer(model, arguments, train_dataset=Rows(items)).train()
    return model.w.tolist()


def hugging_face(code):
    names = {"TrainingArguments": dict}
    return train_hugging_face(Fit(), [START] * STEPS, **eval(code, names))


class Module(lightning.LightningModule):
    def __init__(self, model, made):
        super().__init__()
        self.model, self.made = model, made

    def training_step(self, batch, _):
        return self.model(batch["x"])["loss"]

    def configure_optimizers(self):
        return self.made


def train_lightning(model, made, items, **options):
    with tempfile.TemporaryDirectory() as folder:
        lightning.Trainer(
            max_epochs=1, accelerator="cpu", logger=False, enable_checkpointing=False,
            enable_progress_bar=False, enable_model_summary=False, default_root_dir=folder,
            **options,
        ).fit(Module(model, made), DataLoader(Rows(items)))  # fmt: skip
    return model.w.tolist()


def of_lightning(code):
    model = Fit()
    names = {"Trainer": dict, "w": [model.w], "SGD": torch.optim.SGD, "AdamW": torch.optim.AdamW}
    options, made = eval(f"({code})", names)
    return train_lightning(model, made, [START] * STEPS, **options)


RUNS = {
    "PyTorch": pytorch,
    "Keras": of_keras,
    "optax": of_optax,
    "Hugging Face": hugging_face,
    "Lightning": of_lightning,
}


def defaults():
    """The defaults of the signatures, by the name that the page gives to a row."""

    def read(thing, *names):
        found = inspect.signature(thing).parameters
        return [found[name].default for name in names]

    rows = {}
    for name in ("Adam", "AdamW"):
        (_, beta2), eps, decay = read(getattr(torch.optim, name), "betas", "eps", "weight_decay")
        rows[f"PyTorch {name}"] = {"beta2": beta2, "eps": eps, "decay": decay, "clip": None}
        made = read(getattr(keras.optimizers, name), "beta_2", "epsilon", "weight_decay")
        clips = read(getattr(keras.optimizers, name), "clipnorm", "clipvalue", "global_clipnorm")
        clip = None if clips == [None] * 3 else clips
        rows[f"Keras {name}"] = dict(zip(("beta2", "eps", "decay"), made, strict=True))
        rows[f"Keras {name}"]["clip"] = clip
    for name in ("adam", "adamw"):
        beta2, eps = read(getattr(optax, name), "b2", "eps")
        decay = read(optax.adamw, "weight_decay")[0] if name == "adamw" else None
        rows[f"optax {name}"] = {"beta2": beta2, "eps": eps, "decay": decay, "clip": None}
    with tempfile.TemporaryDirectory() as folder:
        a = transformers.TrainingArguments(output_dir=folder)
    rows["Hugging Face Trainer"] = {
        "beta2": a.adam_beta2, "eps": a.adam_epsilon, "decay": a.weight_decay,
        "clip": a.max_grad_norm, "warm-up": a.warmup_steps, "optimizer": str(a.optim.value),
        "schedule": str(a.lr_scheduler_type.value), "rate": a.learning_rate,
    }  # fmt: skip
    (clip,) = read(lightning.Trainer, "gradient_clip_val")
    rows["Lightning Trainer"] = {"beta2": None, "eps": None, "decay": None, "clip": clip}
    scaler = ("init_scale", "growth_factor", "backoff_factor", "growth_interval")
    rows["PyTorch GradScaler"] = dict(zip(scaler, read(torch.amp.GradScaler, *scaler), strict=True))
    scaler = ("initial_scale", "dynamic_growth_steps")
    rows["Keras LossScaleOptimizer"] = dict(
        zip(scaler, read(keras.optimizers.LossScaleOptimizer, *scaler), strict=True)
    )
    return rows


class Parts(nn.Module):
    """One of each: an embedding, a matrix with a bias, a norm."""

    def __init__(self):
        super().__init__()
        self.embedding, self.dense = nn.Embedding(3, 4), nn.Linear(4, 2)
        self.norm = nn.LayerNorm(4)

    def loss(self):
        return 0.0 * self.dense(self.norm(self.embedding(torch.arange(3)))).sum()


KINDS = {
    "embedding.weight": "embeddings", "dense.weight": "matrices", "dense.bias": "biases",
    "norm.weight": "norms",
}  # fmt: skip


def moved_in_torch(make):
    model = Parts()
    with torch.no_grad():
        for p in model.parameters():
            p.fill_(1.0)
    made = make(model)
    model.loss().backward()
    made.step()
    return sorted(
        kind for name, kind in KINDS.items() if (dict(model.named_parameters())[name] != 1).any()
    )


def moved_in_hugging_face():
    with tempfile.TemporaryDirectory() as folder:
        a = transformers.TrainingArguments(
            output_dir=folder, weight_decay=0.1, use_cpu=True, report_to=[]
        )

        def make(model):
            return transformers.Trainer(model, a).create_optimizer()

        return moved_in_torch(make)


def moved_in_keras(spared=()):
    layers = {"embeddings": keras.layers.Embedding(3, 4), "matrices": keras.layers.Dense(2)}
    made = keras.optimizers.AdamW(0.1)
    layers["norms"] = keras.layers.LayerNormalization()
    for layer, shape in zip(layers.values(), ((3,), (3, 4), (3, 4)), strict=True):
        layer.build(shape)
    found = {name: layer.trainable_variables[0] for name, layer in layers.items()}
    found["biases"] = layers["matrices"].trainable_variables[1]
    for v in found.values():
        v.assign(keras.ops.ones_like(v))
    if spared:
        made.exclude_from_weight_decay(var_names=spared)
    made.apply([keras.ops.zeros_like(v) for v in found.values()], list(found.values()))
    return sorted(name for name, v in found.items() if (v.numpy() != 1).any())


def moved_in_optax(mask=None):
    w = {kind: jax.numpy.ones(2) for kind in KINDS.values()}
    made = optax.adamw(0.1, weight_decay=0.1, mask=mask)
    zero = jax.tree.map(jax.numpy.zeros_like, w)
    updates, _ = made.update(zero, made.init(w), w)
    return sorted(kind for kind, u in updates.items() if (np.array(u) != 0).any())


def two_groups(model):
    named = dict(model.named_parameters())
    matrices = [named.pop("dense.weight")]
    groups = [{"params": matrices}, {"params": named.values(), "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=0.1)


def accumulated():
    """Where (3, 2) goes; subtract from the start for the update."""
    found, micro = {}, [torch.tensor(g, dtype=torch.float64) for g in MICRO]
    w = nn.Parameter(torch.tensor(START, dtype=torch.float64))
    sgd = torch.optim.SGD([w], lr=1.0)
    for x in micro:
        (x @ w / len(micro)).backward()
    nn.utils.clip_grad_norm_([w], 1.0)
    sgd.step()
    found["PyTorch: loss / 2, clip_grad_norm_ once, step"] = w.tolist()

    line = Line()
    line.build((1, 2))
    made = keras.optimizers.SGD(1.0, global_clipnorm=1.0, gradient_accumulation_steps=2)
    for g in MICRO:
        made.apply([keras.ops.array(g)], [line.w])
    found["Keras: SGD(global_clipnorm=1.0, gradient_accumulation_steps=2)"] = (
        line.w.numpy().tolist()
    )

    clip, sgd = optax.clip_by_global_norm(1.0), optax.sgd(1.0)
    each = optax.chain(clip, optax.MultiSteps(sgd, 2).gradient_transformation())
    for name, made in {
        "optax: MultiSteps(chain(clip_by_global_norm(1.0), sgd(1.0)), 2)": optax.MultiSteps(
            optax.chain(clip, sgd), 2
        ),
        "optax: chain(clip_by_global_norm(1.0), MultiSteps(sgd(1.0), 2))": each,
    }.items():
        w = jax.numpy.array(START)
        state = made.init(w)
        for g in MICRO:
            updates, state = made.update(jax.numpy.array(g), state, w)
            w = optax.apply_updates(w, updates)
        found[name] = w.tolist()

    found["Hugging Face: gradient_accumulation_steps=2"] = train_hugging_face(
        Fit(linear=True), MICRO, gradient_accumulation_steps=2, learning_rate=1.0, optim="sgd"
    )
    model = Fit(linear=True)
    found["Lightning: accumulate_grad_batches=2"] = train_lightning(
        model, torch.optim.SGD([model.w], lr=1.0), MICRO, accumulate_grad_batches=2,
        gradient_clip_val=1.0,
    )  # fmt: skip
    return found


def bits():
    """float32 bits -> bfloat16 bits: ties, their neighbours, the ends, subnormals, NaN."""
    grid = np.arange(0, 2**16, 97, dtype=np.uint32) << 16
    near = np.concatenate([grid + k for k in (0, 1, 0x7FFF, 0x8000, 0x8001, 0xFFFF)])
    tops = np.array([0x7F7FFFFF, 0x7F7F8000, 0x7F7F7FFF, 1, 0x8000, 0x7FC00000], np.uint32)
    given = np.concatenate([near, tops])
    x = torch.tensor(given.view(np.float32))
    rounded = x.bfloat16().view(torch.int16).numpy().view(np.uint16)
    finite = ~np.isnan(given.view(np.float32))
    return {"float32": given[finite].tolist(), "bfloat16": rounded[finite].tolist()}


def scaler():
    """What PyTorch's GradScaler does with a gradient that overflows; the device is the CPU."""
    w = nn.Parameter(torch.ones(2))
    made, scale = torch.optim.SGD([w], lr=1.0), torch.amp.GradScaler("cpu", growth_interval=2)
    found = {"scales": [], "weights": []}
    for factor in (1.0, float("inf"), 1.0, 1.0, float("nan")):
        made.zero_grad()
        scale.scale(w.sum() * factor).backward()
        scale.unscale_(made)
        norm = nn.utils.clip_grad_norm_([w], 1.0)
        scale.step(made)
        scale.update()
        found["scales"].append(scale.get_scale())
        found["weights"].append(w.tolist())
        found.setdefault("norms", []).append(str(norm.item()))
    scale.scale(w.sum()).backward()
    scale.unscale_(made)
    try:
        scale.unscale_(made)
    except RuntimeError as problem:
        found["twice"] = str(problem)
    collapsing = torch.amp.GradScaler("cpu")
    for _ in range(200):
        made.zero_grad()
        collapsing.scale(w.sum() * float("nan")).backward()
        collapsing.step(made)
        collapsing.update()
    found["after 200 overflows"] = collapsing.get_scale()
    return found


def home(steps=40):
    """The lines of the chapter *What changes in sixteen bits?*, as they stand in its fence."""
    cells = json.loads(CHAPTER.read_text(encoding="utf-8"))["cells"]
    text = "".join("".join(c["source"]) + "\n" for c in cells if c["cell_type"] == "markdown")
    fence = re.search(r"```python\n(scaler = .+?)```", text, re.S)[1]
    x = 200 * torch.sin(torch.arange(64.0 * 64).reshape(64, 64) ** 2)
    y = torch.arange(64) % 10
    model = nn.Linear(64, 10)
    nn.init.zeros_(model.weight)
    nn.init.zeros_(model.bias)
    seen = {"loss": [], "norms": [], "scales": []}

    def log(loss, norm, scale):
        for name, value in zip(seen, (loss.item(), str(norm.item()), scale), strict=True):
            seen[name].append(value)

    made = torch.optim.SGD(model.parameters(), lr=0.002)
    micro = [(x[k : k + 16], y[k : k + 16]) for k in range(0, 64, 16)]
    names = {"torch": torch, "device": "cpu", "batches": [micro] * steps, "model": model}
    names |= {"loss_of": nn.functional.cross_entropy, "optimizer": made}
    names |= {"clip_grad_norm_": nn.utils.clip_grad_norm_, "log": log}
    exec(fence, names)
    return seen


def main():
    rows = csv.DictReader((DATA / "frameworks.csv").read_text(encoding="utf-8").splitlines())
    packages = ("torch", "keras", "jax", "optax", "transformers", "lightning")
    text = {
        "made_with": {name: version(name).split("+")[0] for name in packages},
        "ends": {row["there"]: RUNS[row["library"]](row["there"]) for row in rows},
        "defaults": defaults(),
        "moved": {
            "PyTorch AdamW": moved_in_torch(lambda m: torch.optim.AdamW(m.parameters(), lr=0.1)),
            "Keras AdamW": moved_in_keras(),
            "optax adamw": moved_in_optax(),
            "Hugging Face Trainer": moved_in_hugging_face(),
        },
        "chosen": {
            "PyTorch": moved_in_torch(two_groups),
            "Keras": moved_in_keras(["bias", "gamma", "embed"]),
            "optax": moved_in_optax({kind: kind == "matrices" for kind in KINDS.values()}),
        },
        "accumulated": accumulated(),
        "scaler": scaler(),
        "home": home(),
        "bfloat16": bits(),
    }
    path = Path(sys.argv[1]) if sys.argv[1:] else DATA / "recorded" / "frameworks.json"
    lines = (f"{json.dumps(name)}: {json.dumps(part)}" for name, part in text.items())
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()

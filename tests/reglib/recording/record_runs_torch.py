"""Record training runs of PyTorch, good and spoiled, for the trial of the doctor.

Run in an environment of its own with PyTorch and NumPy; nothing of reglib is imported:

    python tests/reglib/recording/record_runs_torch.py > torch.csv
    python -m trial.chapters.diagnose.benchmark torch torch.csv
"""

import contextlib
import io
from codecs import decode

import numpy as np
import torch
from spoiled_runs import print_runs
from torch import nn
from torch.nn import functional

with contextlib.redirect_stdout(io.StringIO()):  # it prints itself
    import this

torch.set_num_threads(1)
ZEN = decode(this.s, "rot13")
LETTERS = sorted(set(ZEN))


def bars(rng, n, size=10):
    """Pictures of a bar in one of four directions, with noise, and the direction."""
    kind, shift = rng.integers(4, size=n), rng.integers(-2, 3, size=n)
    i, j = np.mgrid[:size, :size] - size // 2
    along = np.stack([i, j, i - j, i + j])[kind] - shift[:, None, None]
    pictures = (np.abs(along) < 1.5) + 0.4 * rng.standard_normal((n, size, size))
    return pictures[:, None].astype(np.float32), kind


def sigmoids(inputs, outputs, width=32):
    """Ten layers of sigmoids: the signal of the first one is lost."""
    layers = [nn.Linear(inputs, width), nn.Sigmoid()]
    for _ in range(9):
        layers += [nn.Linear(width, width), nn.Sigmoid()]
    return nn.Sequential(*layers, nn.Linear(width, outputs))


class Perceptron:
    """Two layers of ReLUs on a function of four inputs."""

    loss = staticmethod(functional.mse_loss)

    def data(self, rng, n=800):
        X = rng.standard_normal((n, 4)).astype(np.float32)
        y = np.sin(X[:, :1]) * X[:, 1:2] + np.abs(X[:, 2:3]) + 0.1 * rng.standard_normal((n, 1))
        return X, y.astype(np.float32)

    def net(self, deep):
        if deep:
            return sigmoids(4, 1)
        return nn.Sequential(
            nn.Linear(4, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1)
        )


class Autoencoder:
    """Pictures through sixteen numbers and back."""

    loss = staticmethod(functional.mse_loss)

    def data(self, rng, n=800):
        X = bars(rng, n)[0].reshape(n, -1)
        return X, X

    def net(self, deep):
        if deep:
            return sigmoids(100, 100)
        return nn.Sequential(
            nn.Linear(100, 64), nn.Tanh(), nn.Linear(64, 16), nn.Tanh(), nn.Linear(16, 100)
        )


class Convolutional:
    """Two convolutions, the first with batch normalization, and the direction of a bar."""

    loss = staticmethod(functional.cross_entropy)

    def data(self, rng, n=600):
        return bars(rng, n)

    def net(self, deep):
        return nn.Sequential(
            nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(8, 16, 3), nn.ReLU(), nn.Flatten(), nn.Linear(64, 4),
        )  # fmt: skip


class Recurrent(nn.Module):
    """A plain recurrent network that must keep the first of 20 inputs."""

    loss = staticmethod(functional.cross_entropy)

    def data(self, rng, n=800):
        kind = rng.integers(4, size=n)
        X = 0.3 * rng.standard_normal((n, 20, 4))
        X[np.arange(n), 0, kind] += 2
        return X.astype(np.float32), kind

    def net(self, deep):
        made = Recurrent()
        made.cell, made.out = nn.RNN(4, 32, batch_first=True), nn.Linear(32, 4)
        nn.init.orthogonal_(made.cell.weight_hh_l0)
        return made

    def forward(self, x):
        return self.out(self.cell(x)[1][0])


class Letters(nn.Module):
    """The next letter of a text, by a GRU."""

    def data(self, rng, n=600, length=17):
        known = torch.tensor([LETTERS.index(letter) for letter in ZEN])
        starts = rng.integers(len(ZEN) - length, size=n)
        rows = torch.stack([known[s : s + length] for s in starts])
        return rows[:, :-1].numpy(), rows[:, 1:].numpy()

    def loss(self, z, y):
        return functional.cross_entropy(z.flatten(0, 1), y.flatten())

    def net(self, deep):
        made = type(self)()
        made.letters, made.out = nn.Embedding(len(LETTERS), 32), nn.Linear(32, len(LETTERS))
        made.cell = nn.GRU(32, 32, batch_first=True)
        return made

    def forward(self, x):
        return self.out(self.cell(self.letters(x))[0])


class Transformer(Letters):
    """The next letter of a text, by two layers of attention with norms in front."""

    def net(self, deep):
        made = type(self)()
        made.letters, made.out = nn.Embedding(len(LETTERS), 32), nn.Linear(32, len(LETTERS))
        made.places = nn.Embedding(16, 32)
        layer = nn.TransformerEncoderLayer(
            32, 4, 64, dropout=0.0, batch_first=True, norm_first=True
        )
        made.cell = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        return made

    def forward(self, x):
        steps = x.shape[1]
        mask = nn.Transformer.generate_square_subsequent_mask(steps)
        return self.out(self.cell(self.letters(x) + self.places.weight[:steps], mask=mask))


def optimizer_of(setting, weights):
    rate, decay = setting.rate, setting.decay
    if setting.optimizer in ("sgd", "momentum"):
        momentum = 0.9 if setting.optimizer == "momentum" else 0.0
        return torch.optim.SGD(weights, rate, momentum=momentum, weight_decay=decay)
    if setting.optimizer == "adam" and not decay:
        return torch.optim.Adam(weights, rate)
    return torch.optim.AdamW(weights, rate, weight_decay=decay or 0.01)


class Walk:
    """A run as a trainer takes it; `step` returns what there is to log."""

    def __init__(self, task, setting):
        self.task, self.setting = task, setting
        torch.manual_seed(setting.seed)
        self.rng = np.random.default_rng(setting.seed)
        X, y = (torch.tensor(part) for part in task.data(self.rng))
        cut = setting.rows or 2 * len(X) // 3
        self.X, self.y, self.held_out = X[:cut], y[:cut], (X[-200:], y[-200:])
        self.net = task.net(setting.deep)
        self.spoil_start()
        self.optimizer = optimizer_of(setting, self.net.parameters())
        self.scaler = torch.amp.GradScaler(
            "cpu", init_scale=setting.half or 1.0, growth_interval=40, enabled=setting.half > 0
        )

    def spoil_start(self):
        """Gains, dead units, frozen weights; gradients in 16 bits."""
        setting = self.setting
        with torch.no_grad():
            for name, weight in self.net.named_parameters():
                recurrent = hasattr(self.net, "cell") and isinstance(self.net.cell, nn.RNNBase)
                if weight.ndim > 1 and (not recurrent or "weight_hh" in name):
                    weight *= setting.gain
        if setting.dead:
            bias = [p for n, p in self.net.named_parameters() if n.endswith("bias")][-2]
            bias.data -= 100.0
        for weight in self.net.parameters():
            weight.requires_grad_(not setting.frozen)
            if setting.half:
                weight.register_hook(lambda gradient: gradient.half().float())

    def batch(self, k):
        """The rows of a step, spoiled if they are to be."""
        rows = torch.tensor(self.rng.integers(len(self.X), size=32))
        x, y, setting = self.X[rows], self.y[rows], self.setting
        if x.is_floating_point():
            if setting.inputs != 1.0:
                x = setting.inputs * (x + 1 / 3)
            if k == setting.bad[0]:
                x = setting.bad[1] * x
            if k == setting.nan:
                x[3].flatten()[0] = float("nan")
        return x, y

    def step(self, k):
        setting, weights = self.setting, list(self.net.parameters())
        x, y = self.batch(k)
        held_out = float("nan")
        if "val_loss" in setting.logged and k % (4 * setting.every) == 0:
            with torch.no_grad():
                held_out = self.task.loss(self.net(self.held_out[0]), self.held_out[1]).item()
        for group in self.optimizer.param_groups:
            group["lr"] = setting.rate_at(k)
        loss = self.task.loss(self.net(x), y)
        if k == setting.nan:  # letters cannot be NaN, a loss can
            loss = loss * float("nan")
        if not setting.accumulate:
            self.optimizer.zero_grad()
        norm, scale = torch.tensor(0.0), self.scaler.get_scale()
        if not setting.frozen:
            jammed = 1e30 if k >= setting.jam else 1.0
            (self.scaler.scale(loss) * jammed).backward()
            self.scaler.unscale_(self.optimizer)
            clip = 1.0 if setting.optimizer.startswith("clip") else float("inf")
            norm = nn.utils.clip_grad_norm_(weights, clip)
            self.scaler.step(self.optimizer)
            self.scaler.update()
        size = torch.stack([weight.detach().norm() for weight in weights]).norm()
        values = (k, loss.item(), norm.item(), setting.rate_at(k), size.item(), scale, held_out)
        names = ("step", "loss", "grad_norm", "lr", "param_norm", "loss_scale", "val_loss")
        return dict(zip(names, values, strict=True))


def family(task, *can):
    return lambda setting: Walk(task(), setting).step, can


if __name__ == "__main__":
    print_runs(
        {
            "torch mlp": family(Perceptron, "numbers", "gain", "deep", "dead", "overfit"),
            "torch autoencoder": family(Autoencoder, "numbers", "deep"),
            "torch cnn": family(Convolutional, "numbers", "gain", "overfit"),
            "torch rnn": family(Recurrent, "numbers", "gain", "fade"),
            "torch gru": family(Letters, "gain", "overfit"),
            "torch gpt": family(Transformer, "gain", "overfit"),
        }
    )

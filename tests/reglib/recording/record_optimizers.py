"""Record the iterates that PyTorch's optimizers give on two small problems.

Run with PyTorch in an environment of its own; the tests read the file it writes and need none:

    python tests/reglib/recording/record_optimizers.py > book/trial/data/recorded/optimizers.json

The problems are written out here from their formulas; nothing of reglib is imported. "line" is the
article's least squares from (3, 2). "waves" has the gradient sum_j A_ij cos(w_j + 0.3 i), A a
matrix of sines, so that no random stream can change it; its gradient changes sign and size.
"""

import json

import torch

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
N_STEPS = 30

X = torch.tensor([[1.0, k] for k in range(1, 6)])
Y = torch.tensor([2.0, 4.0, 7.0, 11.0, 16.0])
A = torch.sin(1.7 * torch.arange(1.0, 26.0)).reshape(5, 5)
SHIFT = 0.3 * torch.arange(5.0)[:, None]
GRADIENTS = {
    "line": lambda w: (X @ w - Y) @ X / 5,
    "waves": lambda w: (A * torch.cos(w + SHIFT)).sum(dim=1),
}
STARTS = {"line": [3.0, 2.0], "waves": [0.5, -1.0, 0.0, 2.0, -0.3]}

optim = torch.optim
OPTIMIZERS = {
    "Adam": lambda w: optim.Adam(w, lr=0.1),
    "Adam, other betas": lambda w: optim.Adam(w, lr=0.1, betas=(0.8, 0.95), eps=1e-3),
    "Adam, weight_decay": lambda w: optim.Adam(w, lr=0.1, weight_decay=0.3),
    "AdamW": lambda w: optim.AdamW(w, lr=0.1, weight_decay=0.3),
    "RMSProp": lambda w: optim.RMSprop(w, lr=0.02),
    "RMSProp, other alpha": lambda w: optim.RMSprop(w, lr=0.02, alpha=0.9, eps=1e-3),
    "AdaGrad": lambda w: optim.Adagrad(w, lr=0.5),
    "SGD": lambda w: optim.SGD(w, lr=0.05),
    "SGD, weight_decay": lambda w: optim.SGD(w, lr=0.05, weight_decay=0.3),
    "Momentum": lambda w: optim.SGD(w, lr=0.02, momentum=0.9),
    "Nesterov": lambda w: optim.SGD(w, lr=0.02, momentum=0.9, nesterov=True),
    "Cosine": lambda w: optim.SGD(w, lr=0.05),
}


def path(problem, make):
    w = torch.tensor(STARTS[problem], requires_grad=True)
    optimizer = make([w])
    plan = None
    if make is OPTIMIZERS["Cosine"]:
        plan = optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=N_STEPS, eta_min=0.001)
    iterates = []
    for _ in range(N_STEPS):
        w.grad = GRADIENTS[problem](w.detach())
        optimizer.step()
        if plan:
            plan.step()
        iterates.append(w.detach().tolist())
    return iterates


def main():
    cases = [
        {"problem": problem, "optimizer": name, "start": STARTS[problem], "path": path(problem, f)}
        for problem in GRADIENTS
        for name, f in OPTIMIZERS.items()
    ]
    made = f"PyTorch {torch.__version__}, CPU, float64; see record_optimizers.py"
    print(json.dumps({"made_with": made, "cases": cases}))


if __name__ == "__main__":
    main()

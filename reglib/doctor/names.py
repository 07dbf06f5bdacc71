"""What the columns of a training log are called: a table of patterns for each quantity."""

from __future__ import annotations

import re
from functools import lru_cache

VALIDATION = frozenset("val valid validation eval evaluation test dev holdout heldout".split())
NOISE = frozenset(
    "train training trainer tr train/ mean avg average averaged metrics metric scalar scalars "
    "scaler log logs perf optimizer optim losses stats smoothed running current cur n self "
    "final value".split()
)
"""Words that say where a number stands, not what it is."""

_KIND = (
    "lm|mlm|clm|ce|nll|mse|bce|mae|l1|l2|xent|cross_entropy|language_model(?:l?ing)?|"
    "reconstruction|recon|denoising|diffusion|ctc|main|objective|sft|pretrain|task|model|"
    "classification|regression|batch|minibatch|step|iter|smooth|moving|weighted|raw"
)
_STEPS = "step|iteration|iter|it|update|batch|minibatch"

# Quantity -> patterns of whole names, the best first, asked in this order (a loss scale is no
# loss). A name is spelled in lower case with _ between its words, without NOISE and VALIDATION.
PATTERNS: dict[str, tuple[str, ...]] = {
    "gradient_norm": (
        "(?:global_)?grad(?:ient)?s?_(?:global_)?(?:l2_|2_0_|2_)?norms?(?:_total|_global|_l2|_all|"
        "_overall|_2|_2_0)?|g_?norm|grad_?norm|grad_total_norm|norm_(?:of_)?(?:the_)?grad(?:ient)?s?",
        "(?:total|global|full|unclipped|raw|pre_?clip)_(?:(?:grad(?:ient)?s?|l2)_)?norm|"
        "grad(?:ient)?s?_norm_(?:un_?clipped|raw|(?:before|pre)(?:_clip(?:ping)?)?)",
        "norm|grad(?:ient)?s?_l2|grad(?:ient)?s?_mag(?:nitude)?|grad(?:ient)?s?|l2_norm|"
        "abs_grad(?:ient)?",
        "\\w*grad(?:ient)?s?_\\w*norm\\w*|\\w*norm_\\w*grad\\w*|\\w+_g(?:rad)?norm",
    ),
    "learning_rate": (
        "lr|learning_?rate",
        "(?:base|global|eff(?:ective)?|max|group)_(?:lr|learning_?rate)",
        "(?:lr|learning_?rate)_(?:pg|group|param_?group|g)?_?0(?:_\\w+)?",
        "(?:lr|learning_?rate)(?!_?(?:scale|decay|mult|drop|factor))_?\\w*|step_size|"
        "\\w+_(?:lr|learning_?rate)",
    ),
    "loss_scale": (
        "(?:loss|grad(?:ient)?|amp|fp16|dynamic|dynamic_loss)_?scaler?|scale|scaling_factor",
    ),
    "parameter_norm": (
        "(?:global_|total_)?(?:param(?:eter)?s?|weights?|w|theta|model)_(?:global_)?(?:l2_)?"
        "norms?(?:_total|_global|_l2)?|pnorm|wnorm|norm_of_(?:the_)?(?:weights|parameters)",
    ),
    "skipped": (
        "(?:number_of_|num_)?(?:skipped|nan)(?:_iterations|_iters|_steps|_batches)?|"
        "overflows?|found_inf|inf_or_nan|(?:skip|overflow)_count",
    ),
    "step": (
        f"global_(?:{_STEPS})s?(?:_max_steps)?|(?:num_)?updates",
        f"(?:num_)?(?:{_STEPS}|epoch_step)s?|(?:{_STEPS})_(?:num|number|idx|id|no)",
        "epochs?|epoch_(?:num|number|idx)",
        "(?:total_)?time_?steps?|\\w+_at_(?:iteration|step)",
        "tokens|samples|examples|consumed_(?:samples|tokens)",
    ),
    "loss": (
        "(?:total_)?loss(?:es)?(?:_total)?",
        f"(?:total_)?(?:{_KIND})_loss|loss_(?:{_KIND})|global_loss",
        "cost|objective|criterion|energy|elbo|bpb|bits_per_byte|error|err|residual|ppl_loss|"
        "(?:neg(?:ative)?_)?log_?likelihood|nll|mse|bce|mae|rmse|ce|xent|cross_?entropy|objective_"
        "function|train",
        "(?:total_)?loss_epoch|epoch_loss|(?:total_)?loss_(?:sum|per_\\w+)",
        "\\w*loss(?:_\\w+)?|(?:loss|err|nll|mse)[a-z]{1,2}|l_[a-z]\\w*",
    ),
}
_COMPILED = {
    role: [re.compile(f"(?:{pattern})$") for pattern in patterns]
    for role, patterns in PATTERNS.items()
}
LAST_OF_LOSS = len(PATTERNS["loss"]) - 1
"""The rank of names that end in loss and say of what: a part of a whole."""

FOES = (
    ({"g", "gen", "generator"}, {"d", "disc", "discriminator", "critic", "dis"}),
    ({"actor", "policy", "pi", "pg"}, {"critic", "value", "v", "vf", "q", "qf", "baseline"}),
)
"""Two losses whose names hold a word of each set pull against each other (GAN, actor-critic)."""


def words(name: str) -> list[str]:
    """The words of a name in lower case; a run's name before " - " is not part of it."""
    last = name.rsplit(" - ", 1)[-1]
    if "|" in last and not last.strip("|").strip():
        return []
    last = re.sub(r"\|+\s*(g|grad)\s*\|+", " gradient norm ", last.replace("‖", "|"))
    last = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", last)
    return [word for word in re.split(r"[^a-z0-9]+", last.lower()) if word]


@lru_cache(maxsize=4096)
def role(name: str) -> tuple[str, int] | None:
    """The quantity that a name stands for and how good a name it is, 0 the best; or None.

    >>> role("run-a - train/loss"), role("eval_loss"), role("grad_2.0_norm_total")
    (('loss', 0), ('validation', 0), ('gradient_norm', 0))
    """
    if len(name) > 120 or name.endswith(("__MIN", "__MAX")):
        return None
    found = words(name)
    held_out = any(word in VALIDATION for word in found)
    kept = [word for word in found if word not in NOISE and word not in VALIDATION]
    if kept[:1] == ["clipped"] or kept[-1:] == ["clipped"]:
        return None
    plain = "_".join(kept or [word for word in found if word == "train"])
    for quantity, patterns in _COMPILED.items():
        for rank, pattern in enumerate(patterns):
            if pattern.match(plain):
                if not held_out:
                    return quantity, rank
                return ("validation", rank) if quantity == "loss" else None
    return None


def foes(names: list[str]) -> tuple[str, str] | None:
    """Two of the names that are losses of opponents, or None."""
    for ours, theirs in FOES:
        for one in names:
            rest = [n for n in names if _camel(n) & theirs and not _camel(n) & ours]
            if _camel(one) & ours and not _camel(one) & theirs and rest:
                return one, rest[0]
    return None


def _camel(name: str) -> set[str]:
    """Words, with the G of errG and lossG apart."""
    return set(words(re.sub(r"(?<=[a-z])(?=[GD]\b)", "_", name)))


def safe(text: str) -> str:
    """A text without anything that steers a terminal."""
    return text if text.isprintable() else "".join(c if c.isprintable() else "?" for c in text)


def shown(name: str) -> str:
    """A name as it may be printed: safe, and no more than 60 letters."""
    return safe(name) if len(name) <= 60 else safe(f"{name[:40]}...{name[-15:]}")

"""The doctor: what it says about the public logs and about runs of known cause, and the command."""

import csv
import io
import json
import math
import os
import random
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from flit_core import buildapi

from reglib import __main__ as entry
from reglib.doctor import CAUSES, Report, command, diagnose, picture, read_log
from trial.page import style

ROOT = Path(__file__).parents[2]
LOGS = Path(__file__).parent / "data" / "logs"
TABLE = list(csv.DictReader((LOGS.parent / "logs.csv").read_text(encoding="utf-8").splitlines()))
NAN, INF = math.nan, math.inf
NAMES = {cause.name for cause in CAUSES}


def noise(seed, n=60, size=0.1):
    rng = random.Random(seed)
    return [1 + size * rng.gauss(0, 1) for _ in range(n)]


def falling(seed=0, n=60, size=0.05):
    return [(2 * 0.97**k + 0.3) * e for k, e in enumerate(noise(seed, n, size))]


# --- the public logs ------------------------------------------------------------------------


@pytest.mark.parametrize("row", TABLE, ids=[row["file"] for row in TABLE])
def test_the_public_logs(row, capsys):
    code = command.main(["diagnose", str(LOGS / row["file"])])
    out = capsys.readouterr()
    assert str(code) in row["exit"].split("|")
    if code == 2:
        assert out.out == ""
        assert row["cause"] in out.err
        return
    said = out.out.removeprefix(f"{LOGS / row['file']}: ").split(" (")[0]
    assert said in NAMES
    wanted = row["cause"].replace(" or ", "|").replace(",", "|").split("|")
    assert any(said == w.strip() or said.startswith(w.strip()) for w in wanted) or (
        said in row["cause"]
    )


# --- causes ---------------------------------------------------------------------------------


def cases():
    calm, norms = falling(), noise(1)
    grows = [1.1**k for k in range(60)]
    jump = [*calm[:30], *(f + 3 * 0.6**k for k, f in enumerate(calm[30:]))]
    high = [*falling(size=0.02)[:30], *(4 * e for e in noise(2, 30))]
    held = [None if k % 4 else 1 + 0.002 * (k - 20) ** 2 for k in range(60)]
    flat = noise(3, 60, 0.001)
    return {
        "healthy": {"losses": calm, "gradient_norms": norms},
        "step too large": {"losses": [g * g for g in grows], "gradient_norms": grows},
        "spike, recovered": {"losses": jump, "gradient_norms": norms},
        "spike, not recovered": {"losses": high, "gradient_norms": norms},
        "number format": {"losses": flat, "gradient_norms": [INF] * 60},
        "not finite": {"losses": [*calm[:50], *[NAN] * 10], "gradient_norms": norms},
        "no gradient": {"losses": [0.5] * 60, "gradient_norms": [0.0] * 60},
        "vanishing gradient": {
            "losses": [0.693 * e for e in flat],
            "gradient_norms": [1e-6 * e for e in norms],
        },
        "weight decay too strong": {
            "losses": [2 * e for e in noise(5, 60, 0.01)],
            "parameter_norms": [10 * 0.9**k for k in range(60)],
        },
        "overfitting": {"losses": calm, "validation": held},
        "bad data": {"losses": [*calm[:30], 900.0, *calm[31:]], "gradient_norms": norms},
        "inputs or targets not scaled": {"losses": [1e5 * e for e in noise(6, 60, 0.02)]},
        "gradient bug": {
            "losses": noise(7),
            "gradient_norms": [k * e for k, e in enumerate(noise(8, 60, 0.01), start=1)],
        },
        "oscillation at the edge": {
            "losses": [1 + 0.2 * (-1) ** k * e for k, e in enumerate(noise(9))]
        },
        "explosion through the network": {
            "losses": [1.0, 1e3, 1e7, *noise(10, 57)],
            "gradient_norms": [1e5, 1e8, 1e9, *noise(11, 57)],
        },
        "cannot tell": {"losses": [1.0, 0.9]},
    }


CASES = cases()


@pytest.mark.parametrize("cause", CASES)
def test_each_cause_is_named_where_it_is(cause):
    found = diagnose(**CASES[cause])
    assert found.cause == cause
    assert found.sure in ("sure", "likely", "possible")
    assert str(found).startswith(f"{cause} ({found.sure}): ")


def test_every_cause_has_a_case_a_key_and_remedies():
    assert set(CASES) == NAMES
    assert len({cause.key for cause in CAUSES}) == len(CAUSES)
    for cause in CAUSES:
        assert cause.remedies or cause.key == "healthy"
        assert cause.confirm or cause.key in ("healthy", "cannot_tell")


def test_the_rate_is_among_the_remedies_of_every_explosion():
    for cause in CAUSES:
        if "explosion" in cause.name or cause.name.startswith(("step", "spike")):
            assert any("learning rate" in remedy.what for remedy in cause.remedies)


def test_the_limit_is_named_for_plain_steps_alone():
    rows = range(30)
    run = {"losses": [1.2 ** (2 * k) for k in rows], "learning_rates": 0.1}
    assert "2/L" not in diagnose(**run).why
    assert "2/L" not in diagnose(**run, optimizer="adam").why
    assert "2/L" not in diagnose(**run, optimizer="sgd", clip=1.0).why
    said = diagnose(**run, optimizer="sgd").why
    assert "L is about 22" in said
    assert f"2/L {2 * 0.1 / 2.2:.3g}" in said
    every = diagnose(**run, optimizer="sgd", steps=[10 * k for k in rows]).why
    assert f"2/L {2 * 0.1 / (1 + 1.2**0.1):.3g}" in every


# --- missing and lost -----------------------------------------------------------------------


@pytest.mark.parametrize("gone", [None, NAN, INF])
def test_a_run_whose_losses_end_is_never_healthy(gone):
    losses = [*falling()[:40], *[gone] * 20]
    found = diagnose(losses, noise(1), [0.1] * 60, steps=range(60))
    assert found.cause == "not finite"
    assert "step 40" in found.why


def test_no_loss_at_all_beside_a_validation_loss_is_not_finite():
    assert diagnose([NAN] * 40, validation=range(40), steps=range(40)).cause == "not finite"


def test_a_zero_beside_a_norm_that_is_not_finite_is_no_loss():
    found = diagnose([*falling()[:40], *[0.0] * 20], [*noise(1)[:40], *[NAN] * 20])
    assert (found.cause, "step 40" in found.why) == ("not finite", True)


def test_a_few_skipped_steps_are_dropped_and_counted():
    norms = [INF, INF, *noise(1)[2:30], NAN, *noise(2)[31:]]
    found = diagnose(falling(), norms, loss_scale=[65536.0] * 60)
    assert found.cause == "healthy"
    assert any(note.startswith("3 rows with a norm that is not finite") for note in found.notes)


def test_a_norm_that_vanishes_is_said_and_never_healthy():
    found = diagnose(falling(), [*noise(1)[:40], *[None] * 20])
    assert found.cause == "cannot tell"
    assert "gradient norm is missing from step 40" in found.why


def test_a_norm_that_carries_the_loss_scale_is_divided():
    norms = [65536 * e for e in noise(1)]
    found = diagnose(falling(), norms, loss_scale=[65536.0] * 60)
    assert found.measures.norm == pytest.approx(1, rel=0.1)
    assert any("were divided" in note for note in found.notes)


def test_a_sparse_validation_column_does_not_look_lost():
    rows = [(2 * 0.9**k, None) if k % 3 else (None, 2.0 * 0.9**k) for k in range(60)]
    losses, held = zip(*rows, strict=True)
    assert diagnose(losses, steps=range(60), validation=held).cause == "healthy"


# --- what it holds back ---------------------------------------------------------------------


@pytest.mark.parametrize("cause", [c for c in CASES if c not in ("cannot tell", "healthy")])
def test_fewer_than_eight_rows_are_at_most_possible(cause):
    short = {
        name: values[-7:] if hasattr(values, "__len__") else values
        for name, values in CASES[cause].items()
    }
    found = diagnose(**short)
    assert found.cause == "cannot tell" or found.sure == "possible"


def test_never_healthy_where_the_loss_ends_higher_or_the_weights_moved_tenfold():
    up = [1 + 0.002 * k for k in range(60)]
    assert diagnose(up).cause != "healthy"
    assert diagnose(falling(), parameter_norms=[1.1**k for k in range(60)]).cause != "healthy"


def test_noise_of_few_rows_is_no_oscillation():
    called = [diagnose(noise(seed, n=15)).cause for seed in range(300)]
    assert called.count("oscillation at the edge") == 0


def test_a_jump_is_judged_by_the_run_s_own_jumps():
    rng = random.Random(0)
    losses = [1e-3 * math.exp(2 * rng.gauss(0, 1)) for _ in range(100)]
    assert diagnose(losses).exit_code != 1


def elsewhere(seed, n=600):
    """Healthy losses as they look elsewhere: language models, batches of one, epochs, and so on."""
    rng = random.Random(seed)
    noise = [rng.gauss(0, 1) for _ in range(n)]
    steps = list(enumerate(noise))
    return {
        "language": [1.8 + 6 * (t + 20) ** -0.35 + 0.02 * e for t, e in steps],
        "tuning": [1.2 * (t + 5) ** -0.1 * math.exp(0.25 * e) for t, e in steps],
        "epochs": [2 * 0.7 ** (t // 150) + 0.5 + 0.08 * e for t, e in steps],
        "rate of one": [1.5 * math.exp(-t / 900) * rng.expovariate(1) for t, _ in steps],
        "likelihood": [5 - 8 * (1 - math.exp(-t / 300)) + 0.3 * e for t, e in steps],
        "running mean": [
            (1 + math.exp(-t / 600)) * (1 + 0.25 * math.exp(-(t % 200) / 15)) + 0.02 * e
            for t, e in steps
        ],
        "near zero": [
            3e-4 * math.exp(2 * e) + 0.2 * rng.random() * (rng.random() < 0.03) for _, e in steps
        ],
    }


def test_windows_of_healthy_losses_from_elsewhere_are_rarely_called_ill():
    rng, called = random.Random(0), []
    for seed in range(8):
        for kind, losses in elsewhere(seed).items():
            for size in (30, 100, 300):
                at = rng.randrange(600 - size)
                called.append((diagnose(losses[at : at + size]).exit_code, kind, size))
    assert sum(code == 1 for code, *_ in called) <= 0.02 * len(called)


def test_beginnings_of_healthy_losses_from_elsewhere_are_rarely_called_ill():
    """A run that is slow at first has not failed yet."""
    called = [
        diagnose(losses[:size], steps=range(size)).exit_code
        for seed in range(8)
        for losses in elsewhere(seed).values()
        for size in (50, 100, 300)
    ]
    assert called.count(1) <= 0.02 * len(called)


def diverging(seed, n):
    """Losses that fall and then climb to a plateau, as AdamW's do at too high a rate."""
    calm, half = falling(seed, n, 0.02), n // 2
    up = [min(7.0, calm[half] + 0.4 * (k + 1) ** 1.5) for k in range(n - half)]
    return [*calm[:half], *(f * e for f, e in zip(up, noise(seed, n - half, 0.02), strict=True))]


@pytest.mark.parametrize("n", [20, 40, 100, 300])
def test_a_run_that_blows_up_late_is_found(n):
    called = {diagnose(diverging(seed, n)).cause for seed in range(10)}
    assert called <= {"step too large", "spike, not recovered"}


def test_a_loss_scale_that_halves_to_the_end_is_the_number_format():
    scales = [65536.0] * 50 + [65536.0 / 2**k for k in range(1, 11)]
    assert diagnose(falling(), loss_scale=scales).cause == "number format"


# --- what comes in --------------------------------------------------------------------------


def test_arrays_tensors_and_generators_are_read_by_iteration():
    class Scalar:
        def __float__(self):
            return 0.5

    assert diagnose(Scalar() for _ in range(20)).measures.end == 0.5


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: diagnose([]), ValueError, "losses must hold numbers, got 0 rows"),
        (lambda: diagnose([None]), ValueError, "losses must hold numbers"),
        (lambda: diagnose("1,2"), TypeError, "losses must be a sequence of numbers, got '1,2'"),
        (lambda: diagnose(3), TypeError, "losses must be a sequence of numbers, got 3"),
        (lambda: diagnose(["a"]), TypeError, "losses must be numbers, got 'a'"),
        (lambda: diagnose([1 + 2j]), TypeError, r"losses must be numbers, got \(1\+2j\)"),
        (lambda: diagnose([1, 2], [1]), ValueError, "gradient_norms must have 2 entries"),
        (lambda: diagnose([1, 2], [1, -1]), ValueError, "norms must be >= 0, got -1 in row 1"),
        (lambda: diagnose([1], optimizer="x"), ValueError, "optimizer must be one of sgd"),
        (lambda: diagnose([1], precision="x"), ValueError, "precision must be one of fp16"),
        (lambda: diagnose([1], clip=0), ValueError, "clip must be finite and > 0, got 0"),
    ],
)
def test_what_is_no_trace_gets_a_worded_error(call, error, words):
    with pytest.raises(error, match=words):
        call()


# --- the report -----------------------------------------------------------------------------


def test_a_report_is_text_html_and_json():
    found = read_report("60_overfit.csv")
    assert "\n  1. keep the weights of the lowest validation loss" in str(found)
    shown = found._repr_html_()
    assert shown.count("<li>") == len(found.remedies) + len(found.notes)
    assert "<strong>overfitting</strong>" in shown
    made = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    assert (made["key"], made["step"], made["line"]) == ("overfitting", 401, 3)


def test_what_a_column_is_called_is_escaped():
    table = "step,<b>loss\x1b[31m</b>\n" + "".join(f"{k},{k}\n" for k in range(9))
    log = read_log(io.BytesIO(table.encode()), columns={"loss": "<b>loss\x1b[31m</b>"})
    found = diagnose(log)
    assert "\x1b" not in str(found)
    assert "<b>" not in found._repr_html_()


def read_report(name):
    return diagnose(read_log(LOGS / name))


# --- the command ----------------------------------------------------------------------------


def run(*arguments, stdin=b"", env=None):
    called = [sys.executable, "-m", "reglib", "diagnose", *map(str, arguments)]
    return subprocess.run(called, input=stdin, capture_output=True, env=env)


def test_the_command_reads_standard_input_and_prints_json():
    told = run("-", "--json", stdin=(LOGS / "63_every_10_steps.csv").read_bytes())
    assert (told.returncode, told.stderr) == (1, b"")
    assert json.loads(told.stdout)["cause"] == "step too large"


def test_the_command_takes_a_rate_a_column_and_how_the_run_was_made(tmp_path, capsys):
    path = tmp_path / "run.csv"
    path.write_text("a,b\n" + "".join(f"{1.2 ** (2 * k)},{1.2**k}\n" for k in range(30)))
    names = ["--loss", "a", "--gradient-norm", "b", "--learning-rate", "0.1"]
    assert entry.main(["diagnose", str(path), *names, "--optimizer", "sgd"]) == 1
    assert "the limit 2/L 0.0909" in capsys.readouterr().out


BAD = {
    "missing": (lambda tmp: tmp / "no\x1b[31m.csv", "cannot open or write"),
    "a folder": (lambda tmp: tmp, "Is a directory"),
    "empty": (lambda tmp: made(tmp, b""), "got an empty file"),
    "binary": (lambda tmp: made(tmp, bytes(range(256))), "must be a text file"),
    "a long header": (lambda tmp: made(tmp, b"a," * 15_000_000 + b"\n1\n"), "30000001 characters"),
    "many columns": (
        lambda tmp: made(tmp, ",".join(f"x{i}" for i in range(100_000)).encode() + b"\n1\n"),
        "a loss",
    ),
    "negative norms": (lambda tmp: made(tmp, b"loss,grad_norm\n1,-2\n2,3\n"), "got -2 in line 2"),
    "complex": (lambda tmp: made(tmp, b"step,loss\n1,(1+2j)\n2,(2+1j)\n"), "a loss"),
    "nothing but gaps": (
        lambda tmp: made(tmp, b"step,loss\n1,\n2,\n"),
        "must hold numbers in loss",
    ),
}


def made(folder, content):
    (folder / "run.csv").write_bytes(content)
    return folder / "run.csv"


@pytest.mark.parametrize("kind", BAD)
def test_bad_input_is_one_line_and_code_2(kind, tmp_path):
    source, words = BAD[kind]
    told = run(source(tmp_path))
    assert told.returncode == 2
    assert told.stdout == b""
    (line,) = told.stderr.decode().splitlines()
    assert line.startswith("error: ")
    assert words in line
    assert "\x1b" not in line


def test_bad_calls_are_one_line_and_code_2():
    for options in (["--optimizer", "x"], ["--clip", "-1"], ["--loss", "cost"], ["--nonsense"]):
        told = run(LOGS / "60_overfit.csv", *options)
        assert told.returncode == 2
        assert len(told.stderr.splitlines()) == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_full_disk_is_said():
    with open("/dev/full", "wb") as full:
        called = [sys.executable, "-m", "reglib", "diagnose", str(LOGS / "60_overfit.csv")]
        told = subprocess.run(called, stdout=full, stderr=subprocess.PIPE)
    assert told.returncode == 2
    assert told.stderr.decode().splitlines() == [
        "error: cannot open or write the output: No space left on device"
    ]


@pytest.mark.parametrize("content", [b"loss\n1\n", b"step,loss\n1,nan\n2,nan\n"])
def test_one_row_or_nothing_but_nan_is_no_traceback(content, tmp_path):
    told = run(made(tmp_path, content))
    assert told.returncode in (1, 3)
    assert told.stderr == b""


def test_nothing_but_the_standard_library_is_imported():
    code = (
        "import sys; before = set(sys.modules); import reglib.doctor.command; "
        "print(*{name.split('.')[0] for name in set(sys.modules) - before})"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(told.stdout.split()) - set(sys.stdlib_module_names) == {"reglib"}


LONG = {
    "csv": ("step,loss,grad_norm,lr\n", "{k},{f:.4f},{g:.4f},1e-3\n"),
    "jsonl": ("", '{{"step": {k}, "loss": {f:.4f}, "grad_norm": {g:.4f}, "lr": 0.001}}\n'),
    "log": ("", "iter {k}: loss {f:.4f}, grad norm {g:.4f}, lr 0.001, time 12ms\n"),
}


@pytest.mark.parametrize("kind", LONG)
def test_a_million_rows_take_seconds_and_little_memory(kind, tmp_path):
    rng, (head, form) = random.Random(0), LONG[kind]
    rows = (form.format(k=k, f=2 + rng.gauss(0, 1) / 9, g=rng.random()) for k in range(10**6))
    (tmp_path / "run").write_text(head + "".join(rows))
    code = (
        "import time; from reglib.doctor import diagnose, read_log; "
        f"found = diagnose(read_log({str(tmp_path / 'run')!r})); "
        "print(found.measures.n, time.process_time(), "
        "open('/proc/self/status').read().split('VmHWM:')[1].split()[0])"
    )
    for _ in range(3):
        told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        rows, seconds, kilobytes = map(float, told.stdout.split())
        assert rows == 10**6
        assert kilobytes < 300_000
        if seconds < 5:
            return
    raise AssertionError(f"{seconds} s")


def test_a_normal_log_is_told_in_a_blink():
    def seconds():  # of the processor, the start of Python included
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        run(LOGS / "02_hf_console.log")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    assert min(seconds() for _ in range(10)) < 0.1


# --- the picture and the wheel --------------------------------------------------------------


@pytest.mark.parametrize("cause", CASES)
def test_a_picture_marks_the_step_of_the_diagnosis(tmp_path, cause):
    found = diagnose(**CASES[cause])
    picture.save(tmp_path / "out.png", found)
    assert (tmp_path / "out.png").stat().st_size > 5000
    figure = style.new_figure()
    picture.draw(figure, found)
    marks = [line for axes in figure.axes for line in axes.lines if line.get_linestyle() == ":"]
    ill = found.step is not None and found.cause != "healthy"
    assert len(marks) == (len(figure.axes) if ill else 0)
    for mark in marks:
        assert mark.get_xdata()[0] == found.step


def test_the_picture_has_the_book_s_colors():
    assert (picture.BLUE, picture.RED, picture.INK) == (style.BLUE, style.RED, style.INK)


def test_without_matplotlib_the_picture_is_refused_in_words(tmp_path):
    code = (
        "import sys; sys.modules['matplotlib'] = None; from reglib.__main__ import main; "
        f"sys.exit(main(['diagnose', {str(LOGS / '60_overfit.csv')!r}, '--picture', 'out.png']))"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path
    )
    assert told.returncode == 2
    assert "overfitting" in told.stdout
    assert "matplotlib is missing: pip install 'reglib[picture]'" in told.stderr


@pytest.mark.slow
def test_the_command_works_from_a_wheel_without_numpy(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    wheel = tmp_path / buildapi.build_wheel(str(tmp_path))
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "env")], check=True)
    python = tmp_path / "env" / "bin" / "python"
    pip = [python, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(pip, check=True)
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    assert subprocess.run([python, "-c", "import numpy"], capture_output=True, env=clean).returncode
    reglib = [tmp_path / "env" / "bin" / "reglib", "diagnose", str(LOGS / "60_overfit.csv")]
    told = subprocess.run(reglib, capture_output=True, text=True, env=clean, cwd=tmp_path)
    assert (told.returncode, told.stderr) == (1, "")
    assert "overfitting (sure)" in told.stdout


def test_a_report_is_what_diagnose_returns():
    assert isinstance(diagnose([1.0, 2.0]), Report)

"""Readers of the doctor: every format of the small public logs, and what is no log."""

import csv
import io
import json
import math
import random
import re
import struct
from pathlib import Path

import pytest

from reglib.doctor import diagnose
from reglib.doctor.log import read_log
from reglib.doctor.names import role, shown

LOGS = Path(__file__).parent / "data" / "logs"
TABLE = list(csv.DictReader((LOGS.parent / "logs.csv").read_text(encoding="utf-8").splitlines()))

# file -> column of the loss, rows, first loss, last line, other quantities that are found
READ = {
    "01_trainer_state.json": ("loss", 31, None, 357, "gradient_norm learning_rate step"),
    "02_hf_console.log": ("loss", 31, 18.2196, 31, "gradient_norm learning_rate step"),
    "03_hf_console_strings.log": ("loss", 2, 0.91, 2, "gradient_norm learning_rate step"),
    "04_lightning_two_losses.csv": ("train_loss_step", 13, 2.0, 14, "gradient_norm step"),
    "05_keras.csv": ("train_loss", 14, 1.4635496114373512, 15, "step validation"),
    "06_yolo_results.csv": (
        "train/box_loss + train/cls_loss + train/dfl_loss",
        8,
        2.9226 + 4.565 + 1.4129,
        9,
        "learning_rate step validation",
    ),
    "07_detectron2_metrics.json": ("total_loss", 4, 2.725107299629599, 4, "learning_rate step"),
    "08_trainer_log.jsonl": ("loss", 6, 2.3475, 6, "learning_rate step"),
    "09_wandb_chart.csv": ("run-a - train/loss", 9, 25.48284149169922, 10, "step"),
    "11_megatron.log": ("lm loss", 8, 2.775923, 8, "gradient_norm learning_rate loss_scale step"),
    "12_fairseq.log": ("loss", 1, 9.44, 1, "gradient_norm learning_rate loss_scale step"),
    "13_mswift.jsonl": ("loss", 3, 1.43502216, 3, "gradient_norm learning_rate step"),
}


def text(lines):
    return io.BytesIO(lines.encode())


def found(log):
    return {name for name in log.names if name != "loss"}


@pytest.mark.parametrize("name", READ)
def test_every_format_is_read_as_its_logger_wrote_it(name):
    loss, rows, first, last_line, others = READ[name]
    log = read_log(LOGS / name)
    assert log.names["loss"] == loss
    assert len(log.losses) == len(log.lines) == rows
    assert log.losses[0] == (first if first is None else pytest.approx(first, rel=1e-15))
    assert log.lines[-1] == last_line
    assert found(log) == set(others.split())


def test_a_scalar_a_file_is_named_as_such_and_joined_by_step(tmp_path):
    with pytest.raises(ValueError, match="one scalar a file.*--loss Value"):
        read_log(LOGS / "10_tensorboard.csv")
    for name, values in {"loss": "0,3.0 10,2.0 20,1.5", "grad_norm": "10,0.5 20,0.25"}.items():
        body = "".join(f"17,{pair}\n" for pair in values.split())
        (tmp_path / f"run-a-tag-{name}.csv").write_text(f"Wall time,Step,Value\n{body}")
    log = read_log(*sorted(tmp_path.iterdir()))
    assert list(log.steps) == [0.0, 10.0, 20.0]
    assert list(log.losses) == [3.0, 2.0, 1.5]
    assert log.gradient_norms == [None, 0.5, 0.25]


LINES = {
    "nanoGPT": "step 0: train loss 4.28, val loss 4.29\niter 0: loss 4.25, time 12.1ms, mfu -1%\n",
    "Keras": "Epoch 1/2\n9/9 [====] - 1s 5ms/step - loss: 4.25 - val_loss: 4.29\n",
    "a script": "[2023-01-01 10:00:00,1] INFO - step 0 | train loss = 4.25 | grad norm = 0.5\n",
    "PyTorch": "Train Epoch: 1 [0/60000 (0%)]\tLoss: 4.25\n",
    "a bar": " 10%|#   | 1/9 [00:01<00:09, 1.0it/s, loss=4.25, v_num=0]\n",
    "timm": "Train: 0 [ 0/9 ( 0%)]  Loss:  4.25 (4.3)  Time: 1.27s, 8/s  LR: 1.0e-05\n",
    "llm.c": "step    1/9 | loss 4.250000 (+nanz)| norm 15.29 | lr 8.39e-07 | 2.1 ms\n",
    "mmengine": "Iter(train) [  50/1000]  lr: 1e-04  eta: 0:10:00  loss: 4.25  grad_norm: 3.1\n",
    "a tensor": "iter 3 loss: tensor(4.25, device='cuda:0', grad_fn=<MeanBackward0>)\n",
    "colors": "\x1b[32mstep\x1b[0m=0 \x1b[1mloss\x1b[0m=4.25\n",
    "darknet": " 1: 4.25, 9.5 avg loss, 0.001 rate, 5.1 seconds, 64 images, 1.5 hours left\n"
    "v3 (iou loss, Normalizer: (iou: 0.07)) Region 139 Avg (IOU: 0.5), total_loss = 0.5\n",
    "YOLOv5": "    Epoch   gpu_mem   box   obj   cls   labels   img_size\r"
    "    0/299   1.29G   4.0   3.0   0.2   150   640:  50%|#  | 1/2 [00:05<00:05,  5.0s/it]\r"
    "    0/299   1.29G   2.0   2.0   0.25   150   640: 100%|###| 2/2 [00:10<00:00,  5.0s/it]\n"
    "        all   128   929   0.451   0.4   0.3   0.2\n",
}


@pytest.mark.parametrize("who", LINES)
def test_lines_of_text(who):
    log = read_log(text(LINES[who]))
    assert [f for f in log.losses if f is not None][-1] == 4.25


def test_lines_that_are_alike_are_read_as_if_each_came_alone():
    """The pattern of a line reads the next one: what stands between them must not confuse it."""
    rng = random.Random(3)
    others = ["saved model 12\n", '{"note": "loss"}\n', "loss: 1.2.3, lr: 1e-\n", "\n"]
    forms = [line for line in LINES.values() if line.count("\n") == 1 and "4.25" in line]
    forms += ['{"step": 7, "loss": 4.25, "tag": "run 1", "note": "50"}\n', "loss 4.25, lr None\n"]
    for _ in range(300):
        form = rng.choice(forms)
        values = [f"{rng.gauss(0, 10 ** rng.randint(-9, 9)):.4g}" for _ in range(9)]
        values[4] = rng.choice(["nan", "7", "1e3", "-0.5"])
        lines = [re.sub(r"4\.250*", value, form) for value in values]
        for _ in range(rng.randrange(6)):
            lines.insert(rng.randrange(1, 9), rng.choice(others))
        log = read_log(text("".join(lines)))
        assert [str(f) for f in log.losses] == [str(float(v)) for v in values], lines


# Loggers that write a step over several lines, or in JSON of their own: three steps of each, and
# the quantities that are found.
STEPS = {
    "fairseq JSON": (
        '2021-03-01 10:00:00 | INFO | train_inner | {{"epoch": 1, "loss": "{f}", "gnorm": "{g}", '
        '"num_updates": "{k}", "lr": "0.0001", "loss_scale": "128"}}',
        "gradient_norm learning_rate loss_scale step",
    ),
    "mmdetection": (
        "2021-05-12 10:00:00,123 - mmdet - INFO - Epoch [1][{k}/7330]\tlr: 1.978e-03, eta: 1 day, "
        "2:03:04, time: 0.501, loss_cls: 0.1, loss: {f}, grad_norm: {g}",
        "gradient_norm learning_rate",
    ),
    "colors": (
        "\x1b[32m2024-10-01 10:00:00,000 - root - INFO - \x1b[31mstep: {k:2d}  \x1b[32mloss: {f}  "
        "\x1b[33mmemory: 30.19GiB(31.77%)  grad_norm: {g}\x1b[39m",
        "gradient_norm step",
    ),
    "indented": (
        "2024-02-01 10:00:00.123\thost:0\tINFO\t[step={k}/1000]\n    optim/total_grad_norm={g}\n"
        "    train/CrossEntropyLoss={f}\n    train/Perplexity=20.1",
        "gradient_norm step",
    ),
    "frames": (
        "| train/              |      |\n|    iterations       | {k} |\n|    grad_norm | {g} |\n"
        "|    loss            | {f} |\n-----------",
        "gradient_norm step",
    ),
    "validation lines": (
        " iteration {k}/ 500 | lm loss: {f} | grad norm: {g} |\n"
        " validation loss at iteration {k} | lm loss value: 9.0 | lm loss PPL: 1.0E+01 |",
        "gradient_norm step validation",
    ),
    "modes": (
        '{{"mode": "train", "iter": {k}, "loss": {f}, "grad_norm": {g}}}\n'
        '{{"mode": "val", "iter": {k}, "loss": 9.0}}',
        "gradient_norm step validation",
    ),
}


@pytest.mark.parametrize("who", STEPS)
def test_steps_that_take_several_lines(who):
    form, others = STEPS[who]
    lines = [
        form.format(k=k, f=f, g=g) for k, f, g in ((10, 3.5, 0.5), (20, 2.5, 0.25), (30, 2, 1))
    ]
    log = read_log(text("\n".join(lines) + "\n"))
    rows = [(f, g) for f, g in zip(log.losses, log.gradient_norms, strict=True) if f is not None]
    assert rows == [(3.5, 0.5), (2.5, 0.25), (2.0, 1.0)]
    assert found(log) == set(others.split())


def test_a_table_set_in_blanks_may_hold_times():
    log = read_log(
        text("epoch  train_loss  valid_loss  time \n0  0.5  0.6  00:12\n1  0.4  0.5  00:11\n")
    )
    assert (list(log.losses), list(log.validation)) == ([0.5, 0.4], [0.6, 0.5])


def test_a_loss_is_nan_and_a_column_of_nan_counts_is_not():
    log = read_log(text("step 1 loss nan | number of nan iterations:   2 |\n"))
    assert math.isnan(log.losses[0])
    assert list(log.steps) == [1.0]


TABLES = {
    "a separator line": "sep=;\nstep;loss\n1;4,25\n2;4,0\n",
    "pipes": "| step | loss |\n|---|---|\n| 1 | 4.25 |\n| 2 | 4.0 |\n",
    "tabs": "step\tloss\n1\t4.25\n2\t4.0\n",
    "blanks": "  step   loss\n   1     4.25\n   2     4.0\n",
    "a comment": "# my run\nstep,loss\n1,4.25\n2,4.0\n",
    "quotes": '"step","loss"\n"1","4.25"\n"2","4.0"\n',
    "a byte mark": "\ufeffstep,loss\n1,4.25\n2,4.0\n",
    "Windows": "step,loss\r\n1,4.25\r\n2,4.0\r\n",
    "lists": json.dumps({"loss": [4.25, 4.0], "val_loss": [5, 6]}),
    "records": json.dumps([{"step": 1, "loss": 4.25}, {"step": 2, "loss": "4.0"}]),
    "nested": '{"step": 1, "train": {"loss": 4.25}}\n{"step": 2, "train": {"loss": 4.0}}\n',
}


@pytest.mark.parametrize("kind", TABLES)
def test_tables(kind):
    assert list(read_log(text(TABLES[kind])).losses) == [4.25, 4.0]


def test_what_is_left_out_is_counted_with_its_first_line():
    odd = 'step,loss\n1,3\n2\n3,"2.5\nstep,loss\n4,x\n5,2\n6,,7\n'
    log = read_log(text(odd))
    assert list(log.losses) == [3.0, 2.0]
    assert list(log.lines) == [2, 7]
    said = "\n".join(log.notes)
    for words in (
        "2 rows of 8 lines",
        "2 lines, the first is 3: another width",
        "1 line, the first is 4: a quote that is not closed",
        "1 line, the first is 5: the header again",
        "1 line, the first is 6: a cell that is no number",
    ):
        assert words in said


def test_missing_and_lost_are_two_things():
    log = read_log(text("step,loss\n1,2\n2,\n3,nan\n4,None\n5,inf\n"))
    assert log.losses[1] is None
    assert log.losses[3] is None
    assert math.isnan(log.losses[2])
    assert log.losses[4] == math.inf


def test_sparse_rows_of_one_step_become_one_row():
    log = read_log(text("step,loss,grad_norm,val_loss\n1,2,,\n1,,0.5,\n2,1,,\n2,,,3\n2,,0.4,\n"))
    assert log.losses == [2.0, 1.0]
    assert log.gradient_norms == [0.5, 0.4]
    assert log.validation == [None, 3.0]


def field(number, kind, content):
    size = bytes([len(content)]) if kind == 2 else b""
    return bytes([number << 3 | kind]) + size + content


def event(step, tag, number, tensor=False):
    """A record of an event file, its checksums left at 0."""
    packed = struct.pack("<f", number)
    held = field(8, 2, field(1, 0, b"\1") + field(4, 2, packed)) if tensor else field(2, 5, packed)
    value = field(1, 2, tag.encode()) + held
    body = field(1, 1, bytes(8)) + field(2, 0, bytes([step])) + field(5, 2, field(1, 2, value))
    return struct.pack("<Q", len(body)) + bytes(4) + body + bytes(4)


def test_event_files_of_tensorboard_are_read(tmp_path):
    path = tmp_path / "events.out.tfevents.1.host"
    rows = [
        event(1, "train/loss", 2.5),
        event(1, "grad_norm", 0.5, tensor=True),
        event(2, "train/loss", 2),
    ]
    path.write_bytes(b"".join(rows) + rows[0][:20])
    log = read_log(path)
    assert (list(log.losses), list(log.gradient_norms)) == ([2.5, 2.0], [0.5, None])
    assert list(log.steps) == [1, 2]
    assert "the file ends within a record" in log.notes[1]


BAD = {
    "empty": (b"", "empty"),
    "blank": (b"\n\n \n", "empty"),
    "binary": (b"\x89PNG\0\0", "binary"),
    "packed": (b"\x1f\x8b\x08abc", "compressed"),
    "prose": (b"nothing here\nis a number\n", "a loss"),
    "a header alone": (b"step,loss\n", "a loss"),
    "long": (b"a" * 4_000_001, "4000001 characters in line 1"),
    "no loss": (b"step,accuracy\n1,2\n2,3\n", "got the columns step, accuracy"),
    "two losses": (b"step,mse,mae\n1,2,3\n2,3,4\n", "several losses.*'mse', 'mae'"),
    "two runs": (b"Step,a - loss,b - loss\n1,2,3\n2,3,4\n", "several runs.*'a - loss', 'b - loss'"),
    "broken JSON": (b'{\n "log_history": [\n {"loss": 1},\n', "break in line"),
    "JSON": (b'{"a": [{"b": 1}]}', "a loss"),
    "deep JSON": (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "brackets in brackets|a loss"),
    "deep lists": (b"[" * 200_000 + b"]" * 200_000, "brackets in brackets|a loss"),
    "blanks": (b"loss" + b" " * 200_000 + b"x\n", "a loss"),
    "negative weights": (b"loss,param_norm\n1,1\n1,-1\n", "parameter norms must be >= 0, got -1"),
}


@pytest.mark.parametrize("kind", BAD)
def test_what_is_no_log_is_refused_in_words(kind):
    content, words = BAD[kind]
    with pytest.raises(ValueError, match=words):
        diagnose(read_log(io.BytesIO(content)))


def test_a_column_may_be_named_and_must_be_there():
    table = "step,mse,mae\n1,2,3\n2,3,4\n"
    assert list(read_log(text(table), columns={"loss": "mae"}).losses) == [3.0, 4.0]
    with pytest.raises(ValueError, match="loss must be a column, got mea; there are: "):
        read_log(text(table), columns={"loss": "mea"})
    with pytest.raises(ValueError, match="columns must be among .*, got lose"):
        read_log(text(table), columns={"lose": "mae"})


NAMES = {
    "loss": "loss Loss train_loss trainLoss train/loss Loss/train lm_loss lm~loss nll "
    "total_loss training_loss losses/total_loss objective cross_entropy train.loss model_loss "
    "train_loss_step loss_ce metrics/train/loss batch_loss",
    "gradient_norm": "grad_norm gradient_norm gnorm grad_norm_total train/grad_norm norm "
    "grad_2.0_norm_total gradnorm gradNorm global_grad_norm total_norm grad~norm |g| ||grad|| "
    "optimizer/grad_norm grads_norm unclipped_grad_norm grad_norm/total l2_grad_norm "
    "grad_norm_before_clip gradients/global_norm",
    "learning_rate": "lr learning_rate lr-AdamW lr/pg0 learningRate train/learning_rate lr_0 "
    "base_lr lr-Adam/pg1 learning~rate optim/lr",
    "loss_scale": "loss_scale loss~scale grad_scale scale amp/scale scaler_scale",
    "parameter_norm": "param_norm weight_norm params~norm parameter_norm weights_norm",
    "validation": "val_loss eval_loss valid_loss validation_loss test_loss loss/val val/loss "
    "eval/loss dev_loss Validation~Loss",
    "step": "step Step global_step iteration iter it num_updates trainer/global_step _step "
    "current_steps epoch",
}


@pytest.mark.parametrize("quantity", NAMES)
def test_names(quantity):
    names = [name.replace("~", " ") for name in NAMES[quantity].split()]
    missed = [name for name in names if (role(name) or ("",))[0] != quantity]
    assert missed == []


def test_names_that_are_something_else():
    for name in (
        "accuracy train_acc lr_scale weight_decay val_acc eta time_per_step perplexity mfu "
        "elapsed_time_per_iteration global_batch_size clipped_grad_norm loss__MIN"
    ).split():
        assert role(name) is None, name


def test_a_name_never_steers_the_terminal():
    assert shown("lo\x1b[31mss\n") == "lo?[31mss?"
    assert len(shown("a" * 1000)) < 60


def test_records_among_other_things_are_read():
    log = read_log(text('[{"loss": 1, "step": 1}, 5, null, "x", {"loss": 2.5, "step": 2}]'))
    assert list(log.losses) == [1, 2.5]


def test_every_log_of_the_table_is_there_and_no_other():
    assert sorted(row["file"] for row in TABLE) == sorted(p.name for p in LOGS.iterdir())
    assert {row["origin"] for row in TABLE} == {"numbers from a public log, names removed"}


def test_a_broken_log_is_read_or_refused_in_words():
    rng = random.Random(0)
    whole = [path.read_bytes() for path in sorted(LOGS.iterdir())]
    odd = b'nan|inf|null|""|{|}|[|]|,|\n|\r|"|1e999|-1|\xff|\x1b[31m|loss|step|{}|9e9|None|;'.split(
        b"|"
    )
    for _ in range(1500):
        log = bytearray(rng.choice(whole))
        for _ in range(rng.choice([1, 2, 5, 20])):
            at = rng.randrange(len(log) + 1)
            log[at : at + rng.randrange(40)] = rng.choice([rng.choice(odd), b"", log[-at:][:80]])
        try:
            report = diagnose(read_log(io.BytesIO(bytes(log))))
        except ValueError as error:
            assert re.match(
                r"must|holds|several|losses must|(gradient|parameter) norms must", str(error)
            )
        else:
            json.dumps(report.as_dict(), allow_nan=False)
            assert "\x1b" not in str(report)

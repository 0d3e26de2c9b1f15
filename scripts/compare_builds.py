#!/usr/bin/env python3
"""Runs the same trainings with two builds of adamqlr, and compares every figure to the last bit.

    scripts/compare_builds.py OLD/adamqlr NEW/adamqlr
    scripts/compare_builds.py OLD/adamqlr NEW/adamqlr --case kfac --case resumed-gpt2 --keep figures

Compared are, of each case, the JSON lines of `train` but for times and paths, the log's figures of
every step, the bytes of the final weights, and of some cases what the new build makes of the old
one's run: `evaluate`, `predict`, `generate`, `report`. A case may declare the fault that was mended
and changes its figures; then a difference is expected, and its absence is an error too.

Resumed cases are killed (SIGKILL) behind a checkpoint and go on with --resume. Data sets are read
from --data-dir; cases whose data is not there are left out, and said. Fails (exit 1) where a case
differs that should not, or does not that should. Needs Python 3.7 and no packages.
"""

import argparse
import collections
import concurrent.futures
import csv
import io
import json
import os
import random
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time

import event_log

FOLDER = os.path.dirname(os.path.abspath(__file__))
DATA = os.path.join(FOLDER, os.pardir, os.pardir, "shared", "data")

# JSON keys whose values differ from run to run, and the log's tag that does.
VARYING_KEYS = {"seconds", "directory"}
VARYING_TAG = "Time/Seconds"


class Failure(Exception):
    pass


# ---- What is run.


class Case:
    """A training.

    arguments   of `train`; {name} stands for the path of a file made here or of the data
    needs       the file or folder of the data directory that it needs; None: no data
    killed_at   the checkpoint behind which it is killed, to be resumed; None: it runs through
    also        commands on the old build's run to which both must give the same answer
    new         what stands in the new build's command for `arguments`, where a setting has another
                name there
    fault       the mended fault that changes the figures; None: they must be the same
    """

    def __init__(
            self, name, arguments, needs=None, killed_at=None, also=(), new=None, fault=None):
        if not fault:
            arguments, new = (text and without_slope_before(text) for text in (arguments, new))
        self.name = name
        self.arguments = arguments.split()
        self.needs = needs
        self.killed_at = killed_at
        self.also = [command.split() for command in also]
        self.new = renamed(first_default(arguments if new is None else new)).split()
        self.fault = fault


def without_slope_before(arguments):
    """The untuned default without the slope along the direction before, whose scale was mended."""
    if "--optimizer adamqlr " not in arguments + " ":
        return arguments
    return arguments + " --set learning-rate.previous-direction=0"


def first_default(arguments):
    """The untuned default of 0.1.0, by the settings in which today's is another."""
    name, rest = "--optimizer adamqlr ", arguments + " "
    if name not in rest:
        return arguments
    entries = {
        "direction": ["direction.beta2=0.999"],
        "learning-rate": [
            "learning-rate.memory-cap=4", "learning-rate.plausible-decrease=0.04",
            "learning-rate.over-relaxation=null"],
        "damping": ["damping.kind=levenberg-marquardt"],
    }
    kept = [
        entry for axis, axis_entries in entries.items() for entry in axis_entries
        if axis + ".kind=" not in rest]
    return rest.replace(name, name + settings("averaging.share=null", *kept) + " ")


# Settings that have another name since 0.1.0.
RENAMED = {
    "rejects-increase=true": "acceptance.kind=only-decreases",
    "learning-rate.saddle-free=true": "learning-rate.curvature=saddle-free-hessian",
}


def renamed(arguments):
    for old, new in RENAMED.items():
        arguments = arguments.replace(old, new)
    return arguments


def settings(*entries):
    return " ".join("--set " + entry for entry in entries)


# The bases of the cases. Threads are fixed, because sums depend on them.
DIGITS = "--task digits --batch-size 1000 --steps 24 --threads 1 --optimizer "
TABLE = (
    "--task table --set data.path={table} --set data.target=y --batch-size 100 --steps 60 "
    "--threads 1 --optimizer ")
CLASSES = (
    "--task table --set data.path={classes} --set data.target=kind --batch-size 100 --steps 40 "
    "--threads 1 --optimizer ")
GPT2 = (
    "--task text --model gpt2 --set text.path={text} --set network.layers=2 --set network.heads=2 "
    "--set network.embedding=32 --set text.context=32 --batch-size 16 --steps 8 --threads 1 "
    "--optimizer ")
LSTM = (
    "--task text --model lstm --set text.path={text} --set network.layers=2 --set network.units=32 "
    "--set network.embedding=24 --set text.context=24 --batch-size 16 --steps 8 --threads 1 "
    "--optimizer ")
RESNET = (
    "--model resnet18 --set network.width=4 --batch-size 64 --eval-every 100 --threads 1 "
    "--optimizer ")
COLORS = "--task digits-color --steps 3 " + RESNET
# 1,000 images under the names of all: a residual network takes long to evaluate the drawn digits.
FASHION = "--task fashion-mnist --data-dir {fashion} --steps 5 " + RESNET
VIT = (
    "--task digits-color --model vit-s16 --set network.layers=1 --set network.heads=2 "
    "--set network.embedding=24 --batch-size 100 --steps 6 --eval-every 100 --threads 1 "
    "--optimizer ")
ENERGY = "--task uci-energy --data-dir {data} --threads 1 --optimizer "
ROSENBROCK = "--task rosenbrock --steps 60 --threads 1 --optimizer "
MINE = "adamqlr "
PAPER = "adamqlr-paper "
EVALUATE = "evaluate {run} --json"
REPORT = "report {run} --format csv"
BY_EPOCHS_NOT = "learning-rate.memory-epochs=null"

CASES = [
    # Each preset on drawn digits, two epochs.
    Case("digits", DIGITS + "adamqlr"),
    Case("digits-slope-before", DIGITS + "adamqlr",
         fault="the slope before scaled by the square of the directions' lengths"),
    Case("digits-double", DIGITS + "adamqlr --precision double", also=[EVALUATE]),
    Case("digits-parts", DIGITS + "adamqlr --micro-batches 3"),
    Case("digits-bf16", DIGITS + "adamqlr --matmul bf16"),
    Case("digits-two-threads", DIGITS + "adamqlr --threads 2"),
    Case("digits-held-back", DIGITS + "adamqlr --set held-back=true"),
    Case("digits-deep", DIGITS + "adamqlr " + settings(
        "network.hidden=[40,30]", "network.activation=gelu", "network.initializer=xavier")),
    Case("paper", DIGITS + "adamqlr-paper"),
    Case("undamped", DIGITS + "adamqlr-undamped"),
    Case("hessian", DIGITS + "adamqlr-hessian"),
    Case("hessian-parts", DIGITS + "adamqlr-hessian --micro-batches 3 --precision double"),
    Case("tuned", DIGITS + "adamqlr-tuned"),
    Case("sgdqlr", DIGITS + "sgdqlr"),
    Case("kfac", DIGITS + "kfac --steps 10"),
    Case("kfac-unadaptive", DIGITS + "kfac-unadaptive --steps 10"),
    Case("adam", DIGITS + "adam"),
    Case("adam-parts", DIGITS + "adam --micro-batches 3"),
    Case("adamw", DIGITS + "adamw"),
    Case("sgd-full", DIGITS + "sgd-full"),
    Case("baydin-sgd", DIGITS + "baydin-sgd"),
    Case("rmsprop", DIGITS + "rmsprop"),
    Case("adagrad", DIGITS + "adagrad"),
    Case("nadam", DIGITS + "nadam"),
    Case("lion", DIGITS + "lion"),
    Case("muon", DIGITS + "muon --set network.hidden=[30,20]"),
    Case("shampoo", DIGITS + "shampoo --steps 22 --set network.hidden=[30,20] --set learning-rate.value=0.1"),
    Case("prodigy", DIGITS + "prodigy"),
    Case("d-adaptation", DIGITS + "d-adaptation"),
    Case("schedule-free", DIGITS + "schedule-free-adamw", also=[EVALUATE],
         fault="Schedule-Free AdamW as its package has it"),
    Case("diverging", DIGITS + "sgd --set learning-rate.value=1e6"),
    # Other tasks and models.
    Case("table", TABLE + "adamqlr", also=[EVALUATE, REPORT, "predict {run} {table}"]),
    Case("table-classes", CLASSES + "adamqlr",
         also=[EVALUATE, REPORT, "predict {run} {classes}"]),
    Case("table-classes-kfac", CLASSES + "kfac --precision double"),
    Case("rosenbrock", ROSENBROCK + "adamqlr --precision double"),
    Case("rosenbrock-hessian", ROSENBROCK + "adamqlr-hessian"),
    Case("rosenbrock-kfac", ROSENBROCK + "kfac --precision double",
         fault="a zero direction ended momentum"),
    Case("gpt2", GPT2 + "adamqlr", also=[EVALUATE, "generate {run} --tokens 40"]),
    Case("gpt2-two-threads", GPT2 + "adamqlr --threads 2"),
    Case("gpt2-parts", GPT2 + "adamqlr --micro-batches 3"),
    Case("gpt2-bf16", GPT2 + "adamqlr --matmul bf16"),
    Case("gpt2-dropout", GPT2 + "adam --set network.dropout=0.1"),
    Case("gpt2-hessian", GPT2 + "adamqlr-hessian --steps 4"),
    Case("gpt2-kfac", GPT2 + "kfac --steps 3"),
    Case("gpt2-muon", GPT2 + "muon"),
    Case("lstm", LSTM + "adamqlr"),
    Case("lstm-parts", LSTM + "adamqlr-paper --micro-batches 3 --precision double"),
    Case("lstm-kfac", LSTM + "kfac --steps 3", also=[EVALUATE]),
    Case("resnet18", COLORS + "adamqlr"),
    Case("resnet18-fashion", FASHION + "adamqlr", needs="fashion-mnist-1000", also=[EVALUATE]),
    Case("resnet18-parts", FASHION + "adamqlr-paper --micro-batches 3",
         needs="fashion-mnist-1000"),
    Case("resnet18-kfac", FASHION + "kfac --steps 3", needs="fashion-mnist-1000"),
    Case("resnet18-hessian", FASHION + "adamqlr-hessian --steps 3", needs="fashion-mnist-1000"),
    Case("vit", VIT + "adamqlr"),
    Case("uci-energy", ENERGY + "adamqlr --epochs 60", needs="uci-energy", also=[EVALUATE]),
    Case("uci-energy-small", ENERGY + "adamqlr --batch-size 16 --steps 100", needs="uci-energy"),
    Case("uci-energy-paper", ENERGY + "adamqlr-paper --epochs 60 --precision double",
         needs="uci-energy"),
    Case("uci-energy-kfac", ENERGY + "kfac --epochs 30 --micro-batches 3", needs="uci-energy"),
    Case("uci-protein", "--task uci-protein --data-dir {data} --batch-size 3200 --epochs 2 "
         "--threads 1 --optimizer adamqlr", needs="uci-protein"),
    Case("mnist-10k", "--task mnist-10k --data-dir {data} --batch-size 400 --steps 24 --threads 1 "
         "--optimizer adamqlr", needs="mnist-10k"),
    Case("concrete", "--task table --set data.path={data}/tables/concrete.csv "
         "--set data.target=y --batch-size 64 --steps 60 --threads 1 --optimizer adamqlr",
         needs="tables/concrete.csv"),
    Case("breast-cancer", "--task table --set data.path={data}/tables/breast-cancer.csv "
         "--set data.target=target --batch-size 64 --steps 60 --threads 1 --optimizer adamqlr",
         needs="tables/breast-cancer.csv"),
    # What a learning rate from the quadratic model can be made of.
    Case("independent-batch", TABLE + MINE + settings("learning-rate.independent-batch=true"),
         fault="a promise over another batch's loss"),
    Case("independent-batch-paper", DIGITS + PAPER + "--micro-batches 3 " + settings(
        "learning-rate.independent-batch=true")),
    Case("independent-batch-decay", TABLE + PAPER + settings(
        "learning-rate.independent-batch=true", "weight-decay.rate=0.001", "loss.l2=0.01")),
    Case("memory", TABLE + MINE + settings(BY_EPOCHS_NOT, "learning-rate.memory=0.95")),
    Case("memory-maximum", TABLE + MINE + settings("learning-rate.memory-order=null")),
    Case("memory-uncapped", TABLE + MINE + settings(
        "learning-rate.memory-cap=null", "learning-rate.memory-order=3")),
    Case("memory-paper", TABLE + PAPER + settings("learning-rate.memory=0.9")),
    Case("no-relief", TABLE + MINE + settings("learning-rate.memory-relief=null")),
    Case("no-previous-direction", TABLE + MINE + settings("learning-rate.previous-direction=0")),
    Case("no-plausible-decrease", TABLE + MINE + settings(
        "learning-rate.plausible-decrease=null")),
    Case("curvature-averaging", TABLE + PAPER + settings(
        "learning-rate.curvature-averaging=0.9",
        "learning-rate.initial-averaged-curvature=100")),
    Case("rate-averaging", TABLE + PAPER + settings("learning-rate.averaging=0.9")),
    Case("rate-limits", TABLE + PAPER + settings(
        "learning-rate.clipping=0.01", "learning-rate.amplification=0.5")),
    Case("envelope", TABLE + PAPER + settings(
        "learning-rate.envelope-peak=20", "learning-rate.envelope-total=50")),
    Case("saddle-free", TABLE + "adamqlr-hessian " + settings("learning-rate.saddle-free=true")),
    Case("relative-epsilon", TABLE + MINE + settings(
        "direction.relative-epsilon=0.3", "direction.epsilon=1e-5", "direction.epsilon-root=1e-9",
        "direction.beta1=0.8", "direction.beta2=0.99")),
    Case("rejects-increase", TABLE + PAPER + settings(
        "rejects-increase=true", "learning-rate.amplification=2")),
    Case("quadratic-model-adagrad", TABLE + MINE + settings(
        "direction.kind=adagrad", "direction.relative-epsilon=0"),
        new=TABLE + MINE + settings("direction.kind=adagrad")),
    # Momentum.
    Case("momentum-fixed", TABLE + "adam " + settings("momentum.kind=fixed", "momentum.value=0.5")),
    Case("momentum-quadratic-model", TABLE + PAPER + settings("momentum.kind=quadratic-model")),
    Case("momentum-quadratic-model-rejects", TABLE + PAPER + settings(
        "momentum.kind=quadratic-model", "rejects-increase=true")),
    Case("momentum-fixed-quadratic-rate", TABLE + PAPER + settings(
        "momentum.kind=fixed", "momentum.value=0.3")),
    Case("momentum-schedule", TABLE + "adam " + settings(
        "momentum.kind=schedule", "momentum.shape=cosine", "momentum.value=0.6",
        "momentum.warm-up=5", "momentum.final=0.1")),
    Case("kfac-fixed-momentum", TABLE + "kfac " + settings(
        "momentum.kind=fixed", "momentum.value=0.4")),
    # Damping.
    Case("accept-or-reject", TABLE + PAPER + settings("damping.kind=accept-or-reject")),
    Case("accept-or-reject-kfac", TABLE + "kfac " + settings("damping.kind=accept-or-reject"),
         also=[EVALUATE]),
    Case("damping-schedule", TABLE + PAPER + settings(
        "damping.kind=schedule", "damping.shape=piecewise", "damping.boundaries=[10,30]",
        "damping.factors=[0.5,0.1]", "damping.initial=0.01")),
    Case("damping-constant", TABLE + PAPER + settings(
        "damping.kind=constant", "damping.initial=0.05")),
    Case("damping-interval", TABLE + PAPER + settings(
        "damping.interval=4", "damping.floor=1e-5", "damping.ceiling=1")),
    Case("ratio-undamped", TABLE + PAPER + settings("damping.ratio-curvature=undamped")),
    Case("ratio-direction", TABLE + "kfac-unadaptive " + settings(
        "damping.kind=levenberg-marquardt", "damping.ratio-curvature=direction")),
    # Limits and decay.
    Case("clipping", TABLE + PAPER + settings(
        "clipping.gradient-norm=0.5", "clipping.direction-element=0.5")),
    Case("clipping-update", TABLE + PAPER + settings("clipping.update-norm=0.05")),
    Case("norm-constraint", TABLE + "kfac-unadaptive " + settings("clipping.norm-constraint=1e-3")),
    Case("decay", TABLE + "adam " + settings(
        "weight-decay.rate=0.001", "weight-decay.excluded-roles=[bias]")),
    Case("decay-scaled", GPT2 + "adamw " + settings(
        "weight-decay.rate=0.1", "weight-decay.excluded-roles=[bias,normalization,embedding]")),
    Case("decay-quadratic-rate", TABLE + PAPER + settings(
        "weight-decay.rate=0.1", "weight-decay.scaled-by-learning-rate=true"),
         fault="decay by a negative rate"),
    Case("decay-clipped", TABLE + PAPER + settings(
        "weight-decay.rate=0.1", "weight-decay.scaled-by-learning-rate=true",
        "clipping.update-norm=0.01"),
         fault="decay by an unclipped rate"),
    Case("l2", TABLE + MINE + settings("loss.l2=0.01")),
    Case("l2-kfac", TABLE + "kfac " + settings("loss.l2=0.01")),
    # Rates known in advance, and directions.
    Case("rate-cosine", TABLE + "adam " + settings(
        "learning-rate.kind=schedule", "learning-rate.shape=cosine", "learning-rate.warm-up=10",
        "learning-rate.value=0.01", "learning-rate.final=0.001")),
    Case("rate-piecewise", TABLE + "sgd " + settings(
        "learning-rate.kind=schedule", "learning-rate.shape=piecewise",
        "learning-rate.boundaries=[10,40]", "learning-rate.factors=[0.5,0.2]")),
    Case("hypergradient", TABLE + "hypergradient " + settings(
        "learning-rate.hypergradient-rate=0.01")),
    Case("hypergradient-l2", TABLE + "baydin-sgd " + settings("direction.l2=0.1"),
         fault="a hypergradient without L2"),
    Case("sgd-nesterov", TABLE + "sgd-full " + settings("direction.nesterov=true")),
    Case("rmsprop-centered", TABLE + "rmsprop " + settings("rmsprop.centered=true")),
    Case("prodigy-schedule", TABLE + "prodigy " + settings(
        "learning-rate.kind=schedule", "learning-rate.value=1", "learning-rate.warm-up=10",
        "prodigy.initial=1e-3"),
         fault="Prodigy without the schedule's rate"),
    Case("d-adaptation-rate", TABLE + "d-adaptation " + settings(
        "learning-rate.value=0.125", "d-adaptation.initial=1e-3"),
         fault="D-Adaptation without the rate"),
    Case("schedule-free-decay", TABLE + "schedule-free-adamw " + settings(
        "schedule-free.warm-up=10", "schedule-free.weight-decay=0.01"),
         fault="Schedule-Free AdamW as its package has it"),
    Case("kfac-empirical", TABLE + "kfac " + settings(
        "direction.estimation=empirical", "direction.exact-inverses=true")),
    Case("kfac-exact", CLASSES + "kfac " + settings(
        "direction.estimation=exact", "direction.factor-interval=2",
        "direction.inverse-interval=5")),
    Case("shampoo-diagonal", TABLE + "shampoo " + settings("learning-rate.value=0.1", 
        "shampoo.largest-side=20", "shampoo.root-interval=5")),
    Case("muon-output", GPT2 + "muon " + settings(
        "muon.includes-output=true", "muon.nesterov=false", "muon.iterations=3")),
    # Killed behind a checkpoint, and resumed.
    Case("resumed-digits", DIGITS + "adamqlr --steps 40 --checkpoint-every 5", killed_at=10,
         also=[EVALUATE]),
    Case("resumed-digits-kfac", DIGITS + "kfac --steps 12 --checkpoint-every 2", killed_at=4),
    Case("resumed-table-double", TABLE + "adamqlr --precision double --micro-batches 3 "
         "--steps 300 --checkpoint-every 20 --set learning-rate.independent-batch=true",
         killed_at=60,
         fault="a promise over another batch's loss"),
    Case("resumed-gpt2", GPT2 + "adamqlr --steps 16 --checkpoint-every 3 "
         "--set network.dropout=0.1", killed_at=6),
    Case("resumed-schedule-free", DIGITS + "schedule-free-adamw --steps 40 --checkpoint-every 5",
         killed_at=10,
         fault="Schedule-Free AdamW as its package has it"),
]


def main():
    options = parse_options()
    for build in (options.old, options.new):
        if not os.access(build, os.X_OK):
            raise Failure("%s is no program" % build)
    known = {case.name for case in CASES}
    for name in options.case:
        if name not in known:
            raise Failure("there is no case '%s': see --list" % name)
    cases = [case for case in CASES if not options.case or case.name in options.case]
    absent = [
        case for case in cases
        if case.needs and not os.path.exists(os.path.join(options.data_dir, case.needs))]
    cases = [case for case in cases if case not in absent]
    folder = os.path.abspath(options.keep or tempfile.mkdtemp(prefix="compare-builds-"))
    try:
        files = write_inputs(folder, options.data_dir)
        begin = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
            outcomes = pool.map(lambda case: outcome(case, options, folder, files), cases)
            bad = [case.name for case, good in show(cases, outcomes) if not good]
        seconds = time.monotonic() - begin
    finally:
        if not options.keep:
            shutil.rmtree(folder)
    if absent:
        print("left out, because their data is not in %s: %s" % (
            options.data_dir, ", ".join(case.name for case in absent)))
    print("%d of %d cases as they should be, in %.0f s" % (
        len(cases) - len(bad), len(cases), seconds))
    if bad:
        print("not as they should be: " + ", ".join(bad))
    return 1 if bad or not cases else 0


def parse_options():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old", metavar="OLD", type=os.path.abspath, help="the older adamqlr")
    parser.add_argument("new", metavar="NEW", type=os.path.abspath, help="the newer adamqlr")
    parser.add_argument(
        "--data-dir", metavar="DIR", type=os.path.abspath, default=os.path.abspath(DATA),
        help="where the data sets are (default: ../shared/data)")
    parser.add_argument(
        "--case", action="append", default=[], metavar="NAME",
        help="only this case; may be repeated")
    parser.add_argument("--jobs", type=int, default=1, help="cases at a time (default: 1)")
    parser.add_argument("--keep", metavar="DIR", help="keep the runs in this new folder")
    parser.add_argument("--list", action=ListCases, nargs=0, help="list the cases")
    options = parser.parse_args()
    if options.jobs < 1:
        parser.error("--jobs must be positive")
    return options


class ListCases(argparse.Action):
    def __call__(self, parser, namespace, values, option_string=None):
        for case in CASES:
            print("%s\n    %s" % (case.name, " ".join(case.arguments)))
            if case.killed_at:
                print("    killed behind the checkpoint of step %d, and resumed" % case.killed_at)
            if case.fault:
                print("    differs: " + case.fault)
        parser.exit()


def show(cases, outcomes):
    """Prints a line for each case as it comes; pairs of a case and whether it is as should be."""
    width = max((len(case.name) for case in cases), default=0)
    pairs = []
    for case, (difference, seconds, failed) in zip(cases, outcomes):
        if failed:
            good, text = False, "FAILS: " + difference
        elif difference is None and case.fault is None:
            good, text = True, "same"
        elif difference is None:
            good, text = False, "SAME, but should differ: " + case.fault
        elif case.fault is None:
            good, text = False, "DIFFERS: " + difference
        else:
            good, text = True, "differs (%s): %s" % (difference, case.fault)
        print("%s  %5.1f s  %5.1f s  %s" % (case.name.ljust(width), seconds[0], seconds[1], text))
        sys.stdout.flush()
        pairs.append((case, good))
    return pairs


def write_inputs(folder, data):
    """The drawn text and tables, and the paths that stand for names in arguments."""
    os.makedirs(folder, exist_ok=True)
    generator = random.Random(15)
    paths = {name: os.path.join(folder, name + ".csv") for name in ("table", "classes")}
    paths.update(
        text=os.path.join(folder, "text.txt"), data=data, fashion=os.path.join(folder, "data"))
    # Under the name that the task looks for.
    os.makedirs(paths["fashion"])
    os.symlink(
        os.path.join(data, "fashion-mnist-1000"), os.path.join(paths["fashion"], "fashion-mnist"))
    words = [
        "".join(generator.choice("abcdefghilmnoprstu") for _ in range(generator.randint(1, 7)))
        for _ in range(80)]
    with open(paths["text"], "w") as file:
        for _ in range(300):
            line = [generator.choice(words) for _ in range(generator.randint(3, 9))]
            file.write(" ".join(line) + ".\n")
    with open(paths["table"], "w") as table, open(paths["classes"], "w") as classes:
        table.write("a,b,c,color,y\n")
        classes.write("a,b,c,kind\n")
        for _ in range(700):
            a, b, c = (generator.gauss(0, scale) for scale in (1, 10, 0.1))
            color = generator.choice(["red", "green", "blue"])
            y = a * a + 0.1 * b + 5 * c * a + len(color) + generator.gauss(0, 0.1)
            table.write("%.6f,%.5f,%.7f,%s,%.6f\n" % (a, b, c, color, y))
            kind = "high" if a + 0.1 * b > 1 else "low" if a * c < 0 else "middle"
            classes.write("%.6f,%.5f,%.7f,%s\n" % (a, b, c, kind))
    return paths


# ---- Running a case.

# What a training leaves: its exit status; its JSON lines; the log's figures, a list of (step,
# number's bits) by tag; and the weights by name, each with type and shape and its bytes.
Result = collections.namedtuple("Result", "status lines log weights")


def outcome(case, options, folder, files):
    """The first difference of a case in words, None where there is none; both builds' times; and
    whether the new build failed, which no fault excuses."""
    folder = os.path.join(folder, case.name)
    os.makedirs(folder)
    results, seconds = [], []
    for build, side in ((options.old, "old"), (options.new, "new")):
        begin = time.monotonic()
        try:
            results.append(train(case, build, side, os.path.join(folder, side), files))
        except Failure as failure:
            seconds = (seconds + [time.monotonic() - begin, 0])[:2]
            return "%s: %s" % (side, failure), seconds, side == "new" or not case.fault
        seconds.append(time.monotonic() - begin)
    difference = first_difference(*results)
    run = os.path.join(folder, "old")
    if difference is None:
        for command in case.also:
            command = [part.format(run=run, **files) for part in command]
            old, new = (execute([build] + command) for build in (options.old, options.new))
            if old.returncode != 0 or new.returncode != 0:
                difference = "%s of the old run fails: %s" % (
                    command[0], last_line(new if new.returncode else old))
            elif not has_all(new.stdout, old.stdout):
                difference = "%s of the old run has another result" % command[0]
    if not options.keep:
        shutil.rmtree(folder)
    return difference, seconds, False


def has_all(new, old):
    """Whether an output has everything that the older build's has: the same text, or tables and
    JSON objects with all columns and keys, to which others may have been added."""
    if new == old:
        return True
    new, old = (text.decode("utf-8", "replace") for text in (new, old))
    try:
        lines = [[json.loads(line) for line in text.splitlines()] for text in (new, old)]
    except ValueError:
        lines = [list(csv.DictReader(io.StringIO(text))) for text in (new, old)]
    new, old = lines
    return len(new) == len(old) and all(
        isinstance(a, dict) and isinstance(b, dict) and b.items() <= a.items()
        for a, b in zip(new, old))


def execute(command):
    return subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def last_line(done):
    text = (done.stderr.strip() or done.stdout.strip()).decode("utf-8", "replace")
    return text.splitlines()[-1] if text else "it gives no reason"


def train(case, build, side, run, files):
    arguments = case.arguments if side == "old" else case.new
    command = [build, "train"] + [part.format(**files) for part in arguments]
    command += ["--output", run, "--json"]
    killed_lines = []
    if case.killed_at:
        killed_lines = run_and_kill(command, run, case.killed_at)
        command = [build, "train", "--resume", run, "--json"]
    done = execute(command)
    # Divergence is an outcome to compare; what has no JSON is no run.
    if not done.stdout:
        raise Failure("exit %d: %s" % (done.returncode, last_line(done)))
    lines = joined(killed_lines, json_lines(done.stdout)) if case.killed_at else (
        json_lines(done.stdout))
    return Result(
        done.returncode, lines, read_log(os.path.join(run, "events.out.tfevents.adamqlr")),
        final_weights(os.path.join(run, "checkpoints")))


def run_and_kill(command, run, step):
    """Kills a training behind a checkpoint; the JSON lines that it printed."""
    mark = os.path.join(run, "checkpoints", "step-%09d" % step)
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.PIPE)
        while process.poll() is None and not os.path.exists(mark):
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
        _, errors = process.communicate()
        if process.returncode != -signal.SIGKILL:
            words = errors.decode("utf-8", "replace").strip()
            raise Failure("it was to be killed behind step %d, but ended before: %s" % (
                step, words or "exit %d" % process.returncode))
        output.seek(0)
        return json_lines(output.read())


def json_lines(output):
    """The objects of whole lines; a killed process may leave half of one."""
    whole = output[:output.rfind(b"\n") + 1]
    return [json.loads(line) for line in whole.splitlines()]


def joined(before, after):
    """The lines of a run in two pieces. Where the killed piece ended is not the same each time, so
    that the start is the first piece's, and an epoch is taken from the piece that has it first."""
    lines = [line for line in before if line["event"] in ("start", "epoch")]
    epochs = {line["epoch"] for line in lines if line["event"] == "epoch"}
    for line in after:
        if line["event"] == "start" or (line["event"] == "epoch" and line["epoch"] in epochs):
            continue
        lines.append(line)
    return lines


# ---- Reading what a run leaves.


def read_log(path):
    """The figures of a run's log by tag, (step, bits), but for that which varies; none where there is
    no log."""
    if not os.path.exists(path):
        return {}
    try:
        figures = event_log.read(path)
    except ValueError as error:
        raise Failure(str(error))
    figures.pop(VARYING_TAG, None)
    return figures


def final_weights(folder):
    """The tensors of the newest checkpoint, by name: type, shape and bytes."""
    steps = sorted(name for name in os.listdir(folder) if name.startswith("step-"))
    if not steps:
        return {}
    with open(os.path.join(folder, steps[-1], "weights.safetensors"), "rb") as file:
        size, = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(size))
        content = file.read()
    header.pop("__metadata__", None)
    return {
        name: (entry["dtype"], entry["shape"], content[slice(*entry["data_offsets"])])
        for name, entry in header.items()}


# ---- Comparing.


def first_difference(old, new):
    """The first difference of two results in words; None where there is none."""
    if old.status != new.status:
        return "exit %d and %d" % (old.status, new.status)
    return log_difference(old.log, new.log) or line_difference(old.lines, new.lines) or (
        weight_difference(old.weights, new.weights))


# What earlier versions did not log.
NEW_TAGS = {"Adaptive/Applied_Learning_Rate"}


def log_difference(old, new):
    if not NEW_TAGS & set(old):
        new = {tag: values for tag, values in new.items() if tag not in NEW_TAGS}
    if set(old) != set(new):
        return "the log has %s in one build only" % ", ".join(sorted(set(old) ^ set(new)))
    places = []
    for tag in old:
        if [step for step, _ in old[tag]] != [step for step, _ in new[tag]]:
            return "the log has %s of other steps" % tag
        for (step, a), (_, b) in zip(old[tag], new[tag]):
            if a != b:
                places.append((step, tag, a, b))
                break
    if not places:
        return None
    step, tag, a, b = min(places)
    return "%s of step %d is %s and %s" % (tag, step, single(a), single(b))


def single(bits):
    return "%.9g" % event_log.single(bits)


def line_difference(old, new):
    kinds = [[line["event"] for line in lines] for lines in (old, new)]
    if kinds[0] != kinds[1]:
        return "%d and %d JSON lines, or of other kinds" % (len(old), len(new))
    for before, after in zip(old, new):
        place = before["event"] + (" %d" % before["epoch"] if "epoch" in before else "")
        for key, value in before.items():
            if key in VARYING_KEYS:
                continue
            if key not in after:
                return "%s: no %s" % (place, key)
            if after[key] != value:
                return "%s: %s is %s and %s" % (place, key, value, after[key])
    return None


def weight_difference(old, new):
    if set(old) != set(new):
        return "weights of other names: %s" % ", ".join(sorted(set(old) ^ set(new)))
    differing = [name for name in old if old[name] != new[name]]
    if not differing:
        return None
    return "the weights of %d of %d tensors, such as %s" % (
        len(differing), len(old), differing[0])


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as failure:
        sys.exit("compare_builds: %s" % failure)
    except KeyboardInterrupt:
        sys.exit(130)

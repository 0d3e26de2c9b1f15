#!/usr/bin/env python3
"""Compares tuned Adam's rate with that of the quadratic model, along its runs in every cell.

    scripts/tuned_rates.py ADAMQLR --data-dir data > rates.csv

For each cell of small tasks and tables in the development study's results, the constant rate of Adam with the lowest
median loss is run once more (seed 0), with the curvature measured at every step, which changes
nothing. A row has, for the steps from 5 to 50 % of the run and for its second half, the ratio
ηΣdᵀCd/Σgᵀd: 1 where steps are as long as the model's, 2 where they come to rest as high as they
began; the median ηdᵀCd/dᵀd; and the median share of the loss that the model promises for a step of
its own. Needs Python 3.7 and no packages.
"""

import argparse
import collections
import csv
import math
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

import event_log

STUDY = os.path.join(
    os.path.dirname(os.path.abspath(__file__)), os.pardir, "Documentation", "Studies", "development")
# λ of next to nothing, which never changes: it has the curvature measured, and α is given.
MEASURING = [
    "damping.kind=levenberg-marquardt", "damping.initial=1e-12", "damping.floor=1e-13",
    "damping.increase-factor=1.0001"]


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", metavar="ADAMQLR", type=os.path.abspath)
    parser.add_argument("--data-dir", required=True, type=os.path.abspath)
    parser.add_argument("--results", default=os.path.join(STUDY, "results.csv"))
    options = parser.parse_args()
    tasks = read_tasks()
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow([
        "task", "batch-size", "eta", "ratio-early", "ratio-late", "eta-curvature-late",
        "promise-late"])
    for (task, size), rate in sorted(tuned(options.results).items()):
        if tasks.get(task, {}).get("part") not in ("small", "tables"):
            continue
        print("%s, %s" % (task, size), file=sys.stderr)
        figures = measured(options, tasks[task], size, rate)
        out.writerow([task, size, rate] + ["%.3g" % figure for figure in figures])
        sys.stdout.flush()


def tuned(path):
    """The rate of Adam with the lowest median loss, by cell."""
    losses = collections.defaultdict(lambda: collections.defaultdict(list))
    with open(path) as file:
        for row in csv.DictReader(file):
            name = row["optimizer"]
            if not name.startswith("adam-") or name.startswith("adam-cosine"):
                continue
            loss = float(row["validation-loss"] or row["test-loss"] or "nan")
            if row["diverged"] == "true" or math.isnan(loss):
                loss = math.inf
            losses[row["task"], row["batch-size"]][name[len("adam-"):]].append(loss)
    return {
        cell: min(rates, key=lambda rate: statistics.median(rates[rate]))
        for cell, rates in losses.items()}


def read_tasks():
    """The tasks of the study's file by name, each with its keys that have a word for a value."""
    with open(os.path.join(STUDY, "study.yaml")) as file:
        text = re.search(r"^tasks:\n(.*?)^\w", file.read(), re.M | re.S).group(1)
    tasks = [
        dict(re.findall(r"(?:^ *|[{,] *)([\w.-]+): ([\w./-]+)", block, re.M))
        for block in re.split(r"^  - ", text, flags=re.M)[1:]]
    return {task.get("name", task["task"]): task for task in tasks}


def measured(options, task, size, rate):
    folder = tempfile.mkdtemp()
    try:
        data = options.data_dir
        settings = MEASURING + ["learning-rate.value=" + rate]
        if task["task"] == "table":
            settings += ["data.path=" + os.path.join(data, task["data"])]
            settings += [key + "=" + value for key, value in task.items() if "data." in key]
        elif "data" in task:
            # The folder of another name, under that of the task.
            os.symlink(os.path.join(data, task["data"]), os.path.join(folder, task["task"]))
            data = folder
        command = [
            options.program, "train", "--optimizer", "adam", "--threads", "1", "--json",
            "--task", task["task"], "--epochs", task["epochs"], "--data-dir", data,
            "--output", os.path.join(folder, "run"), "--batch-size",
            "1000000" if size == "full" else size]
        for setting in settings:
            command += ["--set", setting]
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        if done.returncode:
            sys.exit(done.stderr.decode())
        log = event_log.read(os.path.join(folder, "run", "events.out.tfevents.adamqlr"))
        return figures(
            {tag: {step: event_log.single(bits) for step, bits in values}
             for tag, values in log.items()}, float(rate))
    finally:
        shutil.rmtree(folder)


def figures(log, eta):
    curvature, slope = log["Adaptive/Curvature"], log["Adaptive/Slope"]
    direction, loss = log["Norm/Direction"], log["Loss/Training"]
    last = max(loss)

    def steps(begin, end):
        return [s for s in curvature if begin * last < s <= end * last and s in slope]

    def ratio(steps):
        return eta * sum(curvature[s] for s in steps) / sum(slope[s] for s in steps)

    late = steps(0.5, 1)
    return [
        ratio(steps(0.05, 0.5)), ratio(late),
        statistics.median(eta * curvature[s] / direction[s] ** 2 for s in late),
        statistics.median(0.5 * slope[s] ** 2 / curvature[s] / loss[s] for s in late)]


if __name__ == "__main__":
    main()

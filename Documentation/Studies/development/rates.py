#!/usr/bin/env python3
"""Compares tuned Adam's rate with that of the quadratic model, along its runs in every cell.

    Documentation/Studies/development/rates.py ADAMQLR --data-dir data > rates.csv

For each cell of small tasks and tables in results.csv, the constant rate of Adam with the lowest
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
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile

FOLDER = os.path.dirname(os.path.abspath(__file__))
TABLES = {"breast-cancer": "target", "concrete": "y", "kin8nm": "y", "naval": "y", "power-plant": "y"}
EPOCHS = {"uci-energy": 200, "fashion-mnist-1000": 15, "mnist-10k": 5, "digits": 15, "uci-protein": 40}
# λ of next to nothing, which never changes: it has the curvature measured, and α is given.
MEASURING = [
    "damping.kind=levenberg-marquardt", "damping.initial=1e-12", "damping.floor=1e-13",
    "damping.increase-factor=1.0001"]


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", metavar="ADAMQLR", type=os.path.abspath)
    parser.add_argument("--data-dir", required=True, type=os.path.abspath)
    parser.add_argument("--results", default=os.path.join(FOLDER, "results.csv"))
    options = parser.parse_args()
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow([
        "task", "batch-size", "eta", "ratio-early", "ratio-late", "eta-curvature-late",
        "promise-late"])
    for (task, size), rate in sorted(tuned(options.results).items()):
        if task not in EPOCHS and task not in TABLES:
            continue
        print("%s, %s" % (task, size), file=sys.stderr)
        figures = measured(options, task, size, rate)
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


def measured(options, task, size, rate):
    folder = tempfile.mkdtemp()
    try:
        command = [
            options.program, "train", "--optimizer", "adam", "--threads", "1", "--json",
            "--output", os.path.join(folder, "run"), "--batch-size",
            "1000000" if size == "full" else size]
        settings = MEASURING + ["learning-rate.value=" + rate]
        data = options.data_dir
        if task in TABLES:
            command += ["--task", "table", "--epochs", "40"]
            settings += [
                "data.path=%s/tables/%s.csv" % (data, task), "data.target=" + TABLES[task]]
        else:
            command += ["--task", task, "--epochs", str(EPOCHS[task])]
        if task == "fashion-mnist-1000":
            command[command.index(task)] = "fashion-mnist"
            os.symlink(os.path.join(data, task), os.path.join(folder, "fashion-mnist"))
            data = folder
        command += ["--data-dir", data]
        for setting in settings:
            command += ["--set", setting]
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        if done.returncode:
            sys.exit(done.stderr.decode())
        return figures(log(os.path.join(folder, "run", "events.out.tfevents.adamqlr")), float(rate))
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


def log(path):
    """The scalars of a TensorBoard file: by tag, the values by step."""
    scalars = collections.defaultdict(dict)
    with open(path, "rb") as file:
        data = file.read()
    place = 0
    while place + 12 <= len(data):
        size = struct.unpack_from("<Q", data, place)[0]
        event = fields(data[place + 12:place + 12 + size])
        place += size + 16
        step = next((value for number, value in event if number == 2), 0)
        for number, summary in event:
            if number != 5:
                continue
            for _, value in fields(summary):
                parts = dict(fields(value))
                if 1 in parts and 2 in parts:
                    scalars[parts[1].decode()][step] = struct.unpack("<f", parts[2])[0]
    return scalars


def fields(data):
    """The fields of a protocol buffer message: number and value."""
    found, place = [], 0
    while place < len(data):
        key, place = varint(data, place)
        kind = key & 7
        if kind == 0:
            value, place = varint(data, place)
        else:
            size = {1: 8, 5: 4}.get(kind)
            if size is None:
                size, place = varint(data, place)
            value, place = data[place:place + size], place + size
        found.append((key >> 3, value))
    return found


def varint(data, place):
    value = shift = 0
    while True:
        byte = data[place]
        place += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, place


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Test losses with the weights of the lowest validation loss beside those with the last weights.

    python3 scripts/kept_weights.py --data data > table.md

trains the default on five tables and the small tasks that have validation examples, with five seeds
each, in batches of 100, and prints a table of Documentation/kept-weights.md. Runs are kept in the folder
that --output names, so that the command goes on where it was.
"""

import argparse
import json
import math
import pathlib
import statistics
import subprocess

# Each with its epochs, which are those of the studies, and the settings of its data.
TASKS = {
    "breast-cancer": ("table", 40, {"data.target": "target", "data.kind": "classification"}),
    "concrete": ("table", 40, {"data.target": "y"}),
    "kin8nm": ("table", 40, {"data.target": "y"}),
    "naval": ("table", 40, {"data.target": "y"}),
    "power-plant": ("table", 40, {"data.target": "y"}),
    "uci-energy": ("uci-energy", 200, {}),
    "uci-protein": ("uci-protein", 40, {}),
    "fashion-mnist-1000": ("fashion-mnist", 15, {}),
    "digits": ("digits", 15, {}),
}


def compare(arguments, name, task, epochs, settings):
    """Makes the runs of one task, and returns what they left."""
    folder = pathlib.Path(arguments.output) / name
    command = [
        arguments.adamqlr, "compare", "--optimizers", f"default={arguments.optimizer}",
        "--seeds", str(arguments.seeds), "--batch-size", "100", "--epochs", str(epochs),
        "--task", task, "--output", str(folder),
    ]
    if task == "table":
        settings = settings | {"data.path": f"{arguments.data}/tables/{name}.csv"}
    else:
        own = pathlib.Path(arguments.data) / name
        command += ["--data-dir", str(own) if name.startswith("fashion") else arguments.data]
    for setting, value in settings.items():
        command += ["--set", f"{setting}={value}"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    runs = sorted(folder.glob("default/seed-*/run.json"))
    return [json.loads(run.read_text()) for run in runs]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="data", help="the directory of all data sets")
    parser.add_argument("--output", default="runs/kept-weights", help="where runs are kept")
    parser.add_argument("--adamqlr", default=".build/release/adamqlr", help="the command")
    parser.add_argument("--optimizer", default="adamqlr", help="as compare has them")
    parser.add_argument("--times", type=int, default=1, help="how many times the epochs")
    parser.add_argument("--seeds", type=int, default=5)
    arguments = parser.parse_args()

    head = ["task", "epochs", "test loss, last", "test loss, kept", "kept / last", "range",
            "better / worse", "epoch kept"]
    lines = ["| " + " | ".join(head) + " |", "| --- |" + " ---: |" * (len(head) - 1)]
    means = []
    for name, task in TASKS.items():
        task, epochs, settings = task
        epochs *= arguments.times
        runs = [run["summary"] for run in compare(arguments, name, task, epochs, settings)]
        last = [run["test"]["loss"] for run in runs]
        kept = [run["best"]["test"]["loss"] for run in runs]
        ratios = [b / a for a, b in zip(last, kept)]
        mean = math.exp(statistics.fmean(map(math.log, ratios)))
        means.append(mean)
        better = sum(ratio < 1 for ratio in ratios)
        worse = sum(ratio > 1 for ratio in ratios)
        epoch = statistics.median(run["best"]["epoch"] for run in runs)
        cells = [
            name, str(epochs), f"{statistics.median(last):.3g}", f"{statistics.median(kept):.3g}",
            f"×{mean:.3f}", f"{min(ratios):.3f} to {max(ratios):.3f}", f"{better} / {worse}",
            f"{epoch:.0f}",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    mean = math.exp(statistics.fmean(map(math.log, means)))
    lines.append(f"| all | | | | ×{mean:.3f} | {min(means):.3f} to {max(means):.3f} | | |")
    print("\n".join(lines))


if __name__ == "__main__":
    main()

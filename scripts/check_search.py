#!/usr/bin/env python3
"""Checks the search of `adamqlr tune` on uci-energy with Adam, in the search space of the paper.

Over some seeds: the validation loss that successive halving finds, over the best of all samples run to
their end, and the share of the steps. Then a search is killed several times and resumed; by steps its
history must be the same to the last digit.

    python3 scripts/check_search.py .build/release/adamqlr --data-dir data
"""

import argparse
import csv
import pathlib
import random
import re
import signal
import statistics
import subprocess
import tempfile
import time


def trials(folder):
    with open(folder / "uci-energy" / "trials.csv") as file:
        return list(csv.DictReader(file))


def outcome(folder):
    """The lowest last loss, and the steps of all trials."""
    losses, steps = {}, {}
    for row in trials(folder):
        losses[row["trial"]] = float(row["validation-loss"])
        steps[row["trial"]] = max(steps.get(row["trial"], 0), int(row["steps"]))
    return min(loss for loss in losses.values() if loss == loss), sum(steps.values())


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program")
    parser.add_argument("--data-dir", required=True)
    parser.add_argument("--seeds", default="0,2,4,6,8")
    parser.add_argument("--kills", type=int, default=5)
    options = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="adamqlr-search-"))
    text = subprocess.run(
        [options.program, "paper", "performance", "--print"], check=True, capture_output=True, text=True
    ).stdout
    text = re.sub(r"repetitions: \d+", "repetitions: 1", text)
    halving = folder / "halving.yaml"
    halving.write_text(text)
    whole = folder / "whole.yaml"
    whole.write_text(re.sub(r"rungs: \{.*\}", "rungs: null", text))

    def command(file, seed, output):
        return [
            options.program, "tune", str(file), "--task", "uci-energy", "--optimizer", "adam",
            "--seed", seed, "--data-dir", options.data_dir, "--output", str(output), "--format", "latex",
        ]  # fmt: skip

    ratios, shares = [], []
    for seed in options.seeds.split(","):
        found = {}
        for file in [halving, whole]:
            output = folder / f"{file.stem}-{seed}"
            subprocess.run(command(file, seed, output), check=True, stdout=subprocess.DEVNULL)
            found[file] = outcome(output)
        ratios.append(found[halving][0] / found[whole][0])
        shares.append(found[halving][1] / found[whole][1])
        print(f"seed {seed}: found / best {ratios[-1]:.3f}, steps {shares[-1]:.3f}", flush=True)
    print(f"median found / best {statistics.median(ratios):.3f}, most steps {max(shares):.3f}")

    generator = random.Random(0)
    seed = options.seeds.split(",")[0]
    broken = folder / "broken"
    for _ in range(options.kills):
        process = subprocess.Popen(command(halving, seed, broken), stdout=subprocess.DEVNULL)
        time.sleep(generator.uniform(1, 3))
        process.send_signal(signal.SIGKILL)
        print("killed" if process.wait() == -signal.SIGKILL else "was over before the kill")
    subprocess.run(command(halving, seed, broken), check=True, stdout=subprocess.DEVNULL)

    def history(output):
        return [{key: row[key] for key in row if key != "seconds"} for row in trials(output)]

    same = history(broken) == history(folder / f"halving-{seed}")
    print("the history is " + ("the same to the last digit" if same else "ANOTHER"))
    raise SystemExit(0 if same and statistics.median(ratios) <= 1.05 and max(shares) <= 1 / 3 else 1)


main()

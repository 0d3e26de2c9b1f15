#!/usr/bin/env python3
"""Checks that long trainings hold no more memory than short ones.

    scripts/check_memory.py PROGRAM [--steps 100000] [--optimizer adamqlr] [--model mlp …] [--jobs 2]

A tiny network of each model family takes 100,000 steps, with evaluations and checkpoints. What the
process holds in memory is read after each evaluation; after the first fifth it may grow by 4 MiB.
Fails (exit 1) where one grows by more. Needs Python 3.7 and no packages.
"""

import argparse
import concurrent.futures
import json
import os
import re
import subprocess
import sys
import tempfile
import time

ALLOWED_GROWTH = 4.0
TEXT = "--task text --set text.path={text} --set text.context=8 --batch-size 2 --eval-every 2 --model "
MODELS = {
    "mlp": "--task digits --batch-size 10 --eval-every 2 --set network.hidden=[8]",
    "resnet18": "--task digits-color --model resnet18 --set network.width=1 --batch-size 2 "
                "--eval-every 1",
    "vit-s16": "--task digits --model vit-s16 --set network.layers=1 --set network.heads=1 "
               "--set network.embedding=8 --set network.patch=14 --batch-size 2 --eval-every 1",
    "lstm": TEXT + "lstm --set network.layers=1 --set network.units=8 --set network.embedding=8",
    "gpt2": TEXT + "gpt2 --set network.layers=1 --set network.heads=1 --set network.embedding=8",
}


def resident(pid):
    """MiB of memory, or None once the process has ended."""
    try:
        with open(f"/proc/{pid}/status") as file:
            found = re.search(r"VmRSS:\s*(\d+) kB", file.read())
    except OSError:
        return None
    return int(found.group(1)) / 1024 if found else None


def check(program, model, folder, options):
    text = os.path.join(folder, "text.txt")
    arguments = ["train", "--json", "--steps", str(options.steps), "--optimizer", options.optimizer,
                 "--threads", "1", "--output", os.path.join(folder, model)]
    begun, held = time.monotonic(), []
    with open(os.path.join(folder, model + ".errors"), "w+") as errors, subprocess.Popen(
            [program] + arguments + MODELS[model].format(text=text).split(), stdout=subprocess.PIPE,
            stderr=errors, text=True, env=dict(os.environ, OMP_NUM_THREADS="1")) as process:
        for line in process.stdout:
            if json.loads(line).get("event") == "epoch":
                held.append(resident(process.pid))
        process.wait()
        errors.seek(0)
        complaint = errors.read().strip()
    seconds = time.monotonic() - begun
    # The last comes with the evaluation of what was learned, on all parts of the data.
    held = [value for value in held if value is not None][:-1]
    if process.returncode != 0 or len(held) < 2:
        print(f"{model:10} status {process.returncode}: {complaint}", flush=True)
        return False
    early = max(held[: max(len(held) // 5, 1)])
    growth = max(held) - early
    good = growth <= ALLOWED_GROWTH
    print(f"{model:10} {seconds:5.0f} s, {early:6.1f} MiB in the first fifth of {len(held)} evaluations, "
          f"{max(held):6.1f} at most, grown by {growth:.1f}{'' if good else ': TOO MUCH'}", flush=True)
    return good


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=os.path.abspath)
    parser.add_argument("--steps", type=int, default=100_000)
    parser.add_argument("--optimizer", default="adamqlr")
    parser.add_argument("--model", action="append", choices=list(MODELS))
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "text.txt"), "w") as file:
            file.write("".join(f"the line {i} of {i * 7 % 101} lines, and so on\n" for i in range(400)))
        with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
            good = list(pool.map(
                lambda model: check(options.program, model, folder, options),
                options.model or list(MODELS)))
    sys.exit(0 if all(good) else 1)


if __name__ == "__main__":
    main()

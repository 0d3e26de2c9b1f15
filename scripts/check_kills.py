#!/usr/bin/env python3
"""Checks that commands killed at random moments end, given again, with what they end with undisturbed.

    scripts/check_kills.py PROGRAM [--kills 25] [--kind train …]

Kinds: train, compare, study, tune, paper, fetch (from a mirror on this machine), images (packed anew),
ray (the driver of a study on Ray; needs the Python of 'make ray'). Either the command is killed
(SIGKILL) or all of its processes are. Results are compared to the last bit, times aside. Needs Python 3.7
and, for images, Pillow.
"""

import argparse
import functools
import glob
import hashlib
import http.server
import os
import random
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
import zlib

from result_rows import rows

STUDY = """
title: Runs that are killed
seeds: 3
batch-sizes: [50, 100]
tasks:
  - {task: digits, epochs: 2, settings: {network.hidden: [20]}}
optimizers: [adamqlr, adam]
"""
SEARCH = """
title: A search that is killed
seed: 0
metric: validation-loss
samples: 8
rungs: {steps: 40, factor: 3}
repetitions: 3
tasks:
  - {task: digits, epochs: 2, batch-size: 50, settings: {network.hidden: [20]}}
optimizers:
  - optimizer: adam
    search: {batch-size: [50, 100], learning-rate.value: {log-uniform: [1e-5, 1]}}
"""


def sorted_rows(path):
    """A file's rows in any order: runs end in any."""
    return sorted(sorted(row.items()) for row in rows(path))


def digests(folder, ignored=()):
    """What the files of a folder contain."""
    result = {}
    for path in sorted(glob.glob(folder + "/**", recursive=True)):
        name = os.path.relpath(path, folder)
        if os.path.isfile(path) and not any(part in name for part in ignored):
            with open(path, "rb") as file:
                result[name] = hashlib.sha256(file.read()).hexdigest()
    return result


def newest_weights(run):
    steps = sorted(glob.glob(run + "/checkpoints/step-*"))
    return {name: value for name, value in digests(steps[-1]).items() if "safetensors" in name}


class Kind:
    """A kind of command.

    command    its arguments, given the folder of a trial; the second one's, once it has begun
    result     what it left there, to compare
    """

    def __init__(self, command, result, again=None, environment=None):
        self.command = command
        self.again = again or (lambda folder: None)
        self.result = result
        self.environment = environment or (lambda folder: {})


def train(folder):
    return ["train", "--task", "digits", "--epochs", "4", "--batch-size", "50", "--checkpoint-every",
            "30", "--threads", "1", "--output", folder + "/run"]


def resume(folder):
    if os.path.exists(folder + "/run/settings.yaml"):
        return ["train", "--resume", folder + "/run"]
    return None


def write(path, text):
    with open(path, "w") as file:
        file.write(text)
    return path


def image_folder(folder):
    """Small images of two classes, as PNG files."""
    for kind in range(2):
        os.makedirs(f"{folder}/class-{kind}", exist_ok=True)
        for number in range(300):
            pixels = b"".join(
                b"\0" + bytes((kind * 90 + number + x * y) % 256 for x in range(48)) for y in range(16))
            def chunk(name, data):
                return struct.pack(">I", len(data)) + name + data + struct.pack(
                    ">I", zlib.crc32(name + data))
            with open(f"{folder}/class-{kind}/{number}.png", "wb") as file:
                file.write(
                    b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 16, 16, 8, 2, 0, 0, 0))
                    + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b""))
    return folder


def serve(folder):
    """A mirror that is slow enough to be interrupted."""
    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def copyfile(self, source, target):
            while True:
                piece = source.read(1 << 16)
                if not piece:
                    return
                try:
                    target.write(piece)
                except OSError:
                    # Who asked was killed.
                    return
                time.sleep(0.02)

    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Handler, directory=folder))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_address[1]}"


def kinds(folder, data):
    study = write(folder + "/study.yaml", STUDY)
    search = write(folder + "/search.yaml", SEARCH)
    runs = {
        "train": Kind(train, lambda f: newest_weights(f + "/run"), resume),
        "compare": Kind(
            lambda f: ["compare", "--task", "digits", "--epochs", "2", "--seeds", "3", "--batch-size",
                       "50", "--optimizers", "adamqlr,adam", "--output", f + "/runs"],
            lambda f: [newest_weights(run) for run in sorted(glob.glob(f + "/runs/*/*"))
                       if os.path.exists(run + "/settings.yaml")]),
        "study": Kind(
            lambda f: ["study", study, "--output", f + "/study"],
            lambda f: sorted_rows(f + "/study/results.csv")),
        "tune": Kind(
            lambda f: ["tune", search, "--output", f + "/search"],
            lambda f: (sorted_rows(found(f, "trials.csv")), sorted_rows(found(f, "results.csv")))),
        "paper": Kind(
            lambda f: ["paper", "ablation-damping", "--scale", "smoke", "--output", f + "/paper"],
            lambda f: (sorted_rows(found(f, "trials.csv")), sorted_rows(found(f, "results.csv")))),
        "ray": Kind(
            lambda f: ["study", study, "--output", f + "/study", "--engine", "ray"],
            lambda f: sorted_rows(f + "/study/results.csv")),
    }
    if data:
        mirror = serve(data)
        runs["fetch"] = Kind(
            lambda f: ["data", "fetch", "uci-protein", "--data-dir", f + "/data", "--mirror", mirror],
            lambda f: digests(f + "/data"))
    images = image_folder(folder + "/images")
    runs["images"] = Kind(
        lambda f: ["train", "--task", "images", "--set", "images.path=" + images, "--set",
                   "network.width=2", "--set", "images.size=16", "--steps", "1", "--output",
                   f"{f}/run-{time.monotonic_ns()}"],
        lambda f: {
            name: value for name, value in digests(f + "/cache/adamqlr-swift/images").items()
            if not name.endswith((".lock", ".json"))},
        environment=lambda f: {"XDG_CACHE_HOME": f + "/cache", "ADAMQLR_PYTHON": sys.executable})
    return runs


def found(folder, name):
    return glob.glob(f"{folder}/**/{name}", recursive=True)[0]


def start(program, kind, folder):
    arguments = kind.again(folder) or kind.command(folder)
    return subprocess.Popen(
        [program] + arguments, cwd=folder, start_new_session=True, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True, env=dict(os.environ, **kind.environment(folder)))


def complete(program, kind, folder):
    process = start(program, kind, folder)
    _, errors = process.communicate(timeout=600)
    if process.returncode != 0:
        return f"status {process.returncode}: {errors.strip()[-300:]}"
    return None


def check(program, name, kind, folder, wanted, generator, keep):
    """How many kills went well."""
    whole = folder + "/whole"
    os.makedirs(whole)
    begun = time.monotonic()
    problem = complete(program, kind, whole)
    if problem:
        print(f"{name}: undisturbed: {problem}")
        return 0
    duration = time.monotonic() - begun
    expected = kind.result(whole)
    kills = good = rounds = 0
    while kills < wanted:
        trial = f"{folder}/trial"
        shutil.rmtree(trial, ignore_errors=True)
        os.makedirs(trial)
        own = 0
        while kills + own < wanted and own < 6:
            process = start(program, kind, trial)
            try:
                process.wait(generator.uniform(0.05, max(duration, 0.2)))
                break
            except subprocess.TimeoutExpired:
                if generator.random() < 0.5:
                    os.killpg(process.pid, signal.SIGKILL)
                else:
                    process.kill()
                process.communicate()
                own += 1
        rounds += 1
        # What outlives the command ends by itself.
        time.sleep(0.5)
        problem = complete(program, kind, trial)
        if problem is None and kind.result(trial) != expected:
            problem = "another result"
        if problem:
            print(f"{name}: after {own} kills: {problem}", flush=True)
            if keep:
                shutil.copytree(trial, f"{keep}/{name}", dirs_exist_ok=True)
        kills += own
        good += 0 if problem else own
    print(f"{name}: {good} of {kills} kills in {rounds} rounds, {duration:.1f} s undisturbed", flush=True)
    return good


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--kills", type=int, default=25, help="of each kind (default: 25)")
    parser.add_argument("--kind", action="append", help="only this kind")
    parser.add_argument("--data", help="a folder with uci-protein, to fetch from")
    parser.add_argument("--keep", help="a folder for what a trial left that went wrong")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    total = 0
    with tempfile.TemporaryDirectory() as folder:
        found_kinds = kinds(folder, options.data and os.path.abspath(options.data))
        names = options.kind or list(found_kinds)
        for name in names:
            generator = random.Random(f"{options.seed} {name}")
            total += check(
                os.path.abspath(options.program), name, found_kinds[name], f"{folder}/{name}",
                options.kills, generator, options.keep)
        wanted = options.kills * len(names)
    print(f"{total} of {wanted} kills")
    sys.exit(0 if total == wanted else 1)


if __name__ == "__main__":
    main()

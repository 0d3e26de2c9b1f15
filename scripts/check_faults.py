#!/usr/bin/env python3
"""Checks that nothing is lost where files cannot be written, or a run is killed between two changes.

    scripts/check_faults.py PROGRAM [--every N]

Each change that a training makes to its directory (a write, a rename, a sync, a file made or removed)
fails once in turn: for want of space, by an I/O error, and by the process's end before it. The run must
end with an error that names a file and leads to one of sysexits.h's statuses, or go on; and resumed it
must end with the weights of an undisturbed run, to the last bit. A table of the places is printed. Needs a
C compiler, Python 3.7 and no packages.
"""

import argparse
import collections
import os
import shutil
import subprocess
import sys
import tempfile

FOLDER = os.path.dirname(os.path.abspath(__file__))
KINDS = ["space", "io", "kill"]


class Checker:
    def __init__(self, program, folder):
        self.program = program
        self.folder = folder
        self.library = folder + "/faults.so"
        subprocess.run(
            ["cc", "-O1", "-shared", "-fPIC", "-o", self.library, FOLDER + "/faults/faults.c", "-ldl"],
            check=True)
        with open(folder + "/points.csv", "w") as file:
            file.write("a,b,y\n")
            for i in range(120):
                file.write(f"{i * 37 % 101 / 50},{'uvw'[i % 3]},{i * 53 % 89 / 44}\n")

    def train(self, directory, more, fault=None, kind=None):
        environment = dict(os.environ)
        if fault is not None:
            environment.update(
                LD_PRELOAD=self.library, FAULT_FOLDER=directory, FAULT_AT=str(fault), FAULT_KIND=kind,
                FAULT_LOG=self.folder + "/log")
        return subprocess.run(
            [self.program, "train", "--json"] + more, env=environment, capture_output=True, text=True,
            timeout=120)

    def begin(self, directory, **fault):
        return self.train(directory, [
            "--task", "table", "--set", f"data.path={self.folder}/points.csv", "--set", "data.target=y",
            "--set", "network.hidden=[4]", "--batch-size", "20", "--steps", "12", "--checkpoint-every",
            "4", "--keep", "2", "--threads", "1", "--output", directory], **fault)

    def places(self):
        """The changes of an undisturbed run: call and path."""
        log = self.folder + "/log"
        if os.path.exists(log):
            os.remove(log)
        directory = self.folder + "/noted"
        self.begin(directory, fault=0, kind="io")
        with open(log) as file:
            lines = [line.split(maxsplit=2) for line in file]
        return [(call, path.strip()[len(directory):] or "/") for _, call, path in lines]


def weights(directory):
    checkpoints = directory + "/checkpoints"
    steps = sorted(name for name in os.listdir(checkpoints) if name.startswith("step-"))
    content = b""
    for name in ("weights", "best", "optimizer"):
        with open(f"{checkpoints}/{steps[-1]}/{name}.safetensors", "rb") as file:
            content += file.read()
    return steps[-1], content


def outcome(checker, directory, number, kind, expected):
    """What a run with a fault does, in words; a text that begins with FAILS is none that may be."""
    done = checker.begin(directory, fault=number, kind=kind)
    said = done.stderr.strip()
    if done.returncode == 0:
        result = "goes on"
    elif kind == "kill" and done.returncode == -9:
        result = "killed"
    elif done.returncode in (65, 66, 73, 74) and said and len(said.splitlines()) <= 2:
        result = f"error {done.returncode}"
    else:
        return f"FAILS: status {done.returncode}: {said[-300:]}"
    if not os.path.exists(directory + "/settings.yaml"):
        # Nothing has begun; the same command begins.
        again = checker.begin(directory)
        how = "begun again"
    else:
        again = checker.train(directory, ["--resume", directory])
        how = "resumed"
    if again.returncode != 0:
        return f"FAILS: {result}, {how} with status {again.returncode}: {again.stderr.strip()[-300:]}"
    if weights(directory) != expected:
        return f"FAILS: {result}, {how}, but the weights differ"
    return result + (", same bits" if result == "goes on" else f", {how} to the same bits")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--every", type=int, default=1, help="only every N-th change (default: each)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        folder = os.path.realpath(folder)
        checker = Checker(os.path.abspath(options.program), folder)
        places = checker.places()
        checker.begin(folder + "/whole")
        expected = weights(folder + "/whole")
        table = collections.OrderedDict()
        count = failures = 0
        directory = folder + "/noted"
        for number, (call, path) in enumerate(places, 1):
            if number % options.every:
                continue
            for kind in KINDS:
                shutil.rmtree(directory, ignore_errors=True)
                result = outcome(checker, directory, number, kind, expected)
                count += 1
                if result.startswith("FAILS"):
                    failures += 1
                    print(f"{number} {call} {path} ({kind}): {result}", flush=True)
                generic = "/".join(
                    "step-N" if part.startswith("step-") else part for part in path.split("/"))
                table.setdefault((call, generic), collections.Counter())[kind, result] += 1
        print(f"\n{'change':9}{'file':52}{'fault':7}{'times':7}outcome")
        for (call, path), results in table.items():
            for (kind, result), times in sorted(results.items()):
                print(f"{call:9}{path:52}{kind:7}{times:5}  {result[:80]}")
        print(f"\n{count} faults at {len(places)} places, {failures} not as promised")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Checks training by several ranks on this machine.

    scripts/check_ranks.py same PROGRAM       100 steps by 2 and 4 ranks as by one process: losses to 1e-5
    scripts/check_ranks.py kills PROGRAM      a rank killed at ten random moments, and the run resumed
    scripts/check_ranks.py scaling PROGRAM    time of a step of two ranks with twice the batch
    scripts/check_ranks.py hosts PROGRAM      two hosts, as network namespaces (as root; needs ip)

Each rank has one thread, and a core as far as there are enough. Fails (exit 1) where a check does. Needs Python 3.7 and no packages.
"""

import argparse
import json
import os
import random
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

import event_log

TOLERANCE = 1e-5
# What all trainings here have: figures of double precision, and one thread, on which sums depend.
COMMON = ["train", "--json", "--threads", "1"]
TEXT = "--task text --set text.path={text} --set network.dropout=0.1 --batch-size 32 "
TASKS = {
    "mlp": "--task digits --batch-size 50",
    "resnet18": "--task digits-color --model resnet18 --set network.width=2 --batch-size 20",
    "gpt2": TEXT + "--model gpt2 --set network.layers=2 --set network.heads=2 "
            "--set network.embedding=16 --set text.context=16",
    "lstm": TEXT + "--model lstm --set network.layers=2 --set network.units=16 "
            "--set network.embedding=16 --set text.context=16",
}
OPTIMIZERS = ["adamqlr", "kfac", "adam"]


def environment(rank, ranks, port, host="127.0.0.1"):
    return dict(
        os.environ, RANK=str(rank), WORLD_SIZE=str(ranks), LOCAL_RANK=str(rank), MASTER_ADDR=host,
        MASTER_PORT=str(port), OMP_NUM_THREADS="1")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(program, arguments, ranks):
    """The processes of a training, the first of them rank 0, each on a core of its own."""
    port = free_port()
    cores = sorted(os.sched_getaffinity(0))
    return [
        subprocess.Popen(
            [program] + arguments, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=environment(rank, ranks, port) if ranks > 1 else None,
            preexec_fn=lambda core=cores[rank % len(cores)]: os.sched_setaffinity(0, [core]))
        for rank in range(ranks)]


def finish(processes):
    """Standard output of rank 0, once all have ended well."""
    outputs = [process.communicate(timeout=600) for process in processes]
    for rank, (process, (_, errors)) in enumerate(zip(processes, outputs)):
        if process.returncode != 0:
            sys.exit(f"rank {rank} ended with {process.returncode}: {errors.strip()}")
    return outputs[0][0]


def train(program, arguments, ranks, output):
    return finish(start(program, COMMON + arguments + ["--output", output], ranks))


def size(path):
    return os.path.getsize(path) if os.path.exists(path) else 0


def losses(folder):
    figures = event_log.read(os.path.join(folder, "events.out.tfevents.adamqlr"))
    return [event_log.single(bits) for _, bits in figures["Loss/Training"]]


def write_text(path):
    generator = random.Random(0)
    words = ["the", "rate", "of", "a", "step", "is", "what", "its", "model", "says"]
    with open(path, "w") as file:
        for _ in range(400):
            file.write(" ".join(generator.choices(words, k=12)) + ".\n")


def difference(own, others):
    if len(own) != len(others):
        sys.exit(f"{len(others)} losses instead of {len(own)}")
    return max(abs(a - b) / max(abs(a), 1e-30) for a, b in zip(own, others))


def check_same(program, folder, only):
    text_path = folder + "/text.txt"
    write_text(text_path)
    failed = False
    for task, text in TASKS.items():
        for optimizer in OPTIMIZERS:
            name = f"{task}-{optimizer}"
            if only and name not in only:
                continue
            arguments = text.format(text=text_path).split() + [
                "--optimizer", optimizer, "--steps", "100", "--set", "precision=double"]
            found = []
            for ranks in [1, 2, 4]:
                output = f"{folder}/{name}-{ranks}"
                train(program, arguments, ranks, output)
                found.append(losses(output))
            worst = [difference(found[0], other) for other in found[1:]]
            failed = failed or max(worst) > TOLERANCE
            print(
                f"{name:20} loss {found[0][0]:.4f} to {found[0][-1]:.4f}, furthest from one process: "
                + ", ".join(f"{ranks} ranks {d:.1e}" for ranks, d in zip([2, 4], worst)), flush=True)
    return failed


def check_kills(program, folder, only):
    """The same losses as without kills; killed with two ranks, gone on with four and two in turn."""
    arguments = ["--task", "digits", "--batch-size", "40", "--epochs", "12", "--checkpoint-every", "50",
                 "--set", "precision=double", "--eval-every", "4"]
    begun = time.monotonic()
    train(program, arguments, 2, folder + "/whole")
    duration = time.monotonic() - begun
    generator = random.Random(1)
    output = folder + "/killed"
    slowest, unnamed = 0, 0
    kills, starts = 0, 0
    while True:
        ranks = 4 if starts % 2 == 1 else 2
        given = ["train", "--json", "--resume", output] if os.path.exists(
            output + "/settings.yaml") else COMMON + arguments + ["--output", output]
        events = output + "/events.out.tfevents.adamqlr"
        before = size(events)
        processes = start(program, given, ranks)
        starts += 1
        if kills == 10:
            finish(processes)
            break
        # Every third start is killed anywhere, the others once they train, however slow the machine is.
        while kills % 3 and size(events) == before and processes[0].poll() is None:
            time.sleep(0.01)
        time.sleep(generator.uniform(0, duration / 12 * ranks / 2))
        victim = generator.randrange(ranks)
        if processes[victim].poll() is not None:
            sys.exit("the run ended before it was killed: make it longer")
        how = generator.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGSTOP])
        processes[victim].send_signal(how)
        killed = time.monotonic()
        said = []
        for rank, process in enumerate(processes):
            if rank == victim:
                continue
            try:
                _, errors = process.communicate(timeout=90)
            except subprocess.TimeoutExpired:
                sys.exit(f"{how.name} to rank {victim} of {ranks}: rank {rank} hangs")
            if process.returncode == 0:
                sys.exit(f"rank {rank} ended well without rank {victim}")
            said.append(f"rank {victim} of {ranks}" in errors)
        seconds = time.monotonic() - killed
        processes[victim].kill()
        processes[victim].communicate()
        slowest = max(slowest, seconds)
        kills += 1
        unnamed += said.count(False)
        print(
            f"{how.name} to rank {victim} of {ranks}: the others end after {seconds:.1f} s, "
            f"{sum(said)} of {len(said)} name it", flush=True)
    own, killed = losses(folder + "/whole"), losses(output)
    worst = difference(own, killed)
    print(f"after {kills} kills {len(killed)} losses, furthest from the whole run {worst:.1e}")
    return worst > TOLERANCE or slowest > 60 or unnamed > 0


def step_time(program, arguments, ranks, folder):
    """The mean time of a step in seconds."""
    output = f"{folder}/run"
    summary = json.loads(train(program, arguments, ranks, output).splitlines()[-1])
    shutil.rmtree(output)
    return summary["seconds"] / summary["steps"]


def check_scaling(program, folder, only):
    """Weak scaling: the time of a step with a batch, by that of two ranks with two batches."""
    cases = {
        "resnet18 width 16": (
            "--task digits-color --model resnet18 --set network.width=16 --steps 12", 64, 0.85),
        "fashion-mnist 3200 a rank": ("--task digits --steps 60", 3200, 0.7),
    }
    failed = False
    for name, (text, size, wanted) in cases.items():
        if only and name not in only:
            continue
        pairs = []
        for _ in range(5):
            pairs.append([
                step_time(
                    program, text.split() + ["--batch-size", str(size * ranks)], ranks, folder)
                for ranks in (1, 2)])
        ratios = [one / two for one, two in pairs]
        median = statistics.median(ratios)
        failed = failed or median < wanted
        one, two = (1e3 * statistics.median(pair[place] for pair in pairs) for place in (0, 1))
        print(
            f"{name}: one rank {one:.1f} ms, two ranks {two:.1f} ms, median of 5 ratios {median:.2f} "
            f"({min(ratios):.2f} to {max(ratios):.2f}), wanted {wanted}", flush=True)
    return failed


def check_hosts(program, folder, only):
    """Two hosts with a name and an address each, joined by a cable; one of them goes.

    The first one's name stands for its loopback on itself, as Debian's installer has it.
    """
    def run(*words, check=True):
        subprocess.run(words, check=check, capture_output=True)

    names = ["adamqlr-a", "adamqlr-b"]
    try:
        run("ip", "link", "add", "adamqlr0", "type", "veth", "peer", "name", "adamqlr1")
        for number, name in enumerate(names):
            run("ip", "netns", "add", name)
            run("ip", "link", "set", f"adamqlr{number}", "netns", name)
            inside = ["ip", "netns", "exec", name, "ip"]
            run(*inside, "address", "add", f"192.168.77.{number + 1}/24", "dev", f"adamqlr{number}")
            run(*inside, "link", "set", f"adamqlr{number}", "up")
            run(*inside, "link", "set", "lo", "up")
            os.makedirs(f"/etc/netns/{name}", exist_ok=True)
            with open(f"/etc/netns/{name}/hosts", "w") as file:
                file.write(f"127.0.0.1 localhost\n{['127.0.1.1', '192.168.77.1'][number]} {names[0]}\n")
        arguments = COMMON + ["--task", "digits", "--batch-size", "50", "--set", "precision=double"]

        def start_hosts(more):
            return [
                subprocess.Popen(
                    ["ip", "netns", "exec", name, "unshare", "--uts", "sh", "-c",
                     'hostname "$0" && exec "$@"', name, program] + arguments + more,
                    env=environment(rank, 2, 29500, names[0]), text=True,
                    stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                for rank, name in enumerate(names)]

        finish(start_hosts(["--steps", "100", "--output", folder + "/hosts"]))
        train(program, arguments[1:] + ["--steps", "100"], 1, folder + "/one")
        worst = difference(losses(folder + "/one"), losses(folder + "/hosts"))
        print(f"two hosts: losses of 100 steps, furthest from one process {worst:.1e}")
        # The cable is cut: no connection is closed, packets are lost.
        processes = start_hosts(["--epochs", "1000", "--output", folder + "/cut"])
        time.sleep(5)
        begun = time.monotonic()
        run("ip", "netns", "exec", names[1], "ip", "link", "set", "adamqlr1", "down")
        for rank, process in enumerate(processes):
            _, errors = process.communicate(timeout=90)
            print(f"cut off, rank {rank} ends after {time.monotonic() - begun:.1f} s: "
                  f"{errors.strip().splitlines()[-1]}")
        return worst > TOLERANCE or time.monotonic() - begun > 60
    finally:
        for name in names:
            run("ip", "netns", "delete", name, check=False)
            shutil.rmtree(f"/etc/netns/{name}", ignore_errors=True)


CHECKS = {
    "same": check_same, "kills": check_kills, "scaling": check_scaling, "hosts": check_hosts}


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("check", choices=CHECKS)
    parser.add_argument("program")
    parser.add_argument("--case", action="append", help="only this case")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        failed = CHECKS[options.check](os.path.abspath(options.program), folder, options.case)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()

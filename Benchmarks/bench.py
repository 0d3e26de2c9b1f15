"""Times a training step of adamqlr beside its peers in JAX and PyTorch, and prints one table.

    make bench                                  everything, a few minutes
    PYTHON Benchmarks/bench.py --case uci-energy-588 --rounds 5
    PYTHON Benchmarks/bench.py --memory         the memory of a large network's step alone

PYTHON is the one that scripts/python-env.sh Benchmarks/peers/requirements.txt prints. See
Benchmarks/README.md for what is measured.
"""

import argparse
import collections
import datetime
import json
import math
import os
import platform
import re
import statistics
import subprocess
import sys

FOLDER = os.path.dirname(os.path.abspath(__file__))
TOOL = os.path.join(FOLDER, os.pardir, ".build", "release", "adamqlr")
TRACES = os.path.join(FOLDER, os.pardir, "Tests", "StudiesTests", "Traces")

# The paper's networks. A target is the greatest ratio of our time and the peer's, by optimizer: JAX's
# in `targets`, PyTorch's in `torch_targets`. A residual network has no peers in JAX.
Case = collections.namedtuple(
    "Case", "name task sizes batch_size loss targets torch_targets model",
    defaults=[{}, "mlp"])
CASES = [
    Case("uci-energy-588", "uci-energy", [8, 50, 1], 588, "squared-error",
         {"adamqlr-paper": 0.5, "kfac": 0.4}),
    Case("uci-protein-1000", "uci-protein", [9, 100, 1], 1000, "squared-error",
         {"adamqlr-paper": 0.5, "kfac": 0.4}),
    Case("fashion-mnist-50", "fashion-mnist", [784, 50, 10], 50, "cross-entropy",
         {"adamqlr-paper": 0.5, "kfac": 0.4}),
    Case("fashion-mnist-3200", "fashion-mnist", [784, 50, 10], 3200, "cross-entropy",
         {"adamqlr-paper": 0.6, "kfac": 0.4}),
    Case("resnet18-32", "digits-color", None, 32, "cross-entropy", {},
         {"adamqlr-paper": 0.88, "adam": 1.0}, "resnet18"),
]
# The mean step of our default AdamQLR and that of the paper's method, which the peers have.
DEFAULT_TARGET = 1.15
# The mean step of AdamQLR and our Adam's, on a residual network and on GPT-2; our memory and PyTorch's
# on a residual network.
STEP_TARGET, MEMORY_TARGET = 1.6, 1.3

# A network whose parameters take most of the memory: GPT-2 as it is published, but for bytes.
Memory = collections.namedtuple(
    "Memory", "name batch_size layers heads embedding vocabulary context threads")
MEMORY = Memory("gpt2-4x128", 4, 12, 12, 768, 256, 128, 2)
# The greatest ratio of our peak, by optimizer, and that of PyTorch's Adam.
MEMORY_TARGETS = {"adam": 1.25, "adamqlr": 1.5}

# The peers of each optimizer, in JAX (which the targets are about) and in PyTorch.
Optimizer = collections.namedtuple("Optimizer", "name title jax torch")
OPTIMIZERS = [
    Optimizer("adamqlr-paper", "AdamQLR, paper", "jax_adamqlr", "torch_adamqlr"),
    Optimizer("adamqlr", "AdamQLR", None, None),
    Optimizer("adam", "Adam", "jax_adam", "torch_adam"),
    Optimizer("kfac", "K-FAC", "jax_kfac", None),
]

# The 97.5 % quantiles of Student's t with 1, 2, … degrees of freedom; the last serves beyond.
T_QUANTILES = [12.71, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228]

# Two rounds of one program that differ by more are worth a word: something else was running.
STEADY = 1.3


class Failure(Exception):
    pass


def main():
    options = parse_options()
    cases = [case for case in CASES if not options.case or case.name in options.case]
    if options.memory:
        cases = []
    if options.check:
        for peer in peers():
            run_peer(peer, ["--check", options.traces], shows_output=True)
        return 0
    if not os.access(TOOL, os.X_OK):
        raise Failure("%s is not built: make build" % os.path.relpath(TOOL))
    ours = our_optimizers()
    programs = [(case, programs_of(case, ours)) for case in cases]
    results, failures, versions = measure(programs, options)
    if cases:
        print(report(cases, results, versions, options))
    if options.memory or not options.case:
        memory, memory_failures = measure_memory(ours, versions)
        failures += memory_failures
        results.update(memory)
        print(("\n" if cases else "") + memory_report(memory, versions))
    for optimizer in OPTIMIZERS if cases else []:
        if optimizer.name not in ours:
            print("\nadamqlr has no preset '%s'; its peer was measured alone." % optimizer.name)
    for failure in failures:
        print("\n" + failure)
    if options.json:
        write_json(options.json, results, versions)
    return 1 if failures else 0


def parse_options():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--case", action="append", choices=[case.name for case in CASES],
        help="measure this case only; may be repeated")
    parser.add_argument(
        "--rounds", type=positive(int), default=5, help="how often each program runs (default: 5)")
    parser.add_argument(
        "--seconds", type=positive(float), default=1,
        help="how long each program measures each time (default: 1)")
    parser.add_argument(
        "--memory", action="store_true",
        help="measure the memory of a large network's step, and nothing else")
    parser.add_argument("--json", metavar="FILE", help="write every figure to a file as well")
    parser.add_argument(
        "--check", action="store_true",
        help="replay reference traces with the peers instead of measuring")
    parser.add_argument(
        "--traces", metavar="DIR", default=TRACES,
        help="where the reference traces are (default: those of the tests)")
    return parser.parse_args()


def positive(kind):
    def parse(text):
        value = kind(text)
        if not 0 < value < float("inf"):
            raise ValueError
        return value

    parse.__name__ = "positive number"
    return parse


# ---- Running programs.


def run(command, what):
    """The standard output of a command; its last words where it fails."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        lines = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise Failure("%s failed: %s" % (what, lines[-1] if lines else "it gives no reason"))
    return done.stdout


def run_peer(peer, arguments, shows_output=False):
    command = [sys.executable, os.path.join(FOLDER, "peers", peer + ".py")] + arguments
    if shows_output:
        if subprocess.run(command).returncode != 0:
            raise Failure("the peer %s does not agree with its reference traces" % peer)
        return None
    return json.loads(run(command, "the peer " + peer))


def peers():
    return [peer for o in OPTIMIZERS for peer in (o.jax, o.torch) if peer]


def peer_options(values):
    """Named values as a peer's options."""
    return [word for name, value in values.items()
            for word in ("--" + name.replace("_", "-"), str(value))]


def our_optimizers():
    """The presets that adamqlr has: the words that stand alone in a line, two blanks in."""
    lines = run([TOOL, "optimizers"], "adamqlr optimizers").splitlines()
    return {line[2:] for line in lines if re.fullmatch("  [a-z0-9-]+", line)}


def programs_of(case, ours):
    """The optimizers, and whose, that are measured on a case."""
    optimizers = [
        o for o in OPTIMIZERS
        if case.model == "mlp" or o.name in case.torch_targets or not (o.jax or o.torch)
    ]
    sides = ("ours", "jax", "torch") if case.model == "mlp" else ("ours", "torch")
    return [
        (optimizer, side)
        for optimizer in optimizers
        for side in sides
        if (optimizer.name in ours if side == "ours" else getattr(optimizer, side))
    ]


def our_command(tool, case, optimizer, seconds):
    return [
        tool, "bench", "--task", case.task, "--model", case.model, "--optimizer", optimizer.name,
        "--batch-size", str(case.batch_size), "--random-data", "--seconds", str(seconds), "--json",
    ]


def measure_once(case, optimizer, side, seconds):
    if side == "ours":
        return json.loads(run(our_command(TOOL, case, optimizer, seconds), "adamqlr bench"))
    network = ["--model", case.model]
    if case.sizes:
        network += ["--sizes", ",".join(map(str, case.sizes))]
    return run_peer(getattr(optimizer, side), network + [
        "--batch-size", str(case.batch_size), "--loss", case.loss, "--seconds", str(seconds)])


def measure(programs, options):
    """Runs all programs of a case in turn, round by round, so that whatever disturbs disturbs all alike.

    Returns the results by (case, optimizer, side), what failed, and the packages' versions.
    """
    results, failures, versions = collections.defaultdict(list), {}, {}
    total = options.rounds * sum(len(of_case) for _, of_case in programs)
    count = 0
    for case, of_case in programs:
        for round_number in range(1, options.rounds + 1):
            for optimizer, side in of_case:
                count += 1
                progress("%d of %d: %s, %s, %s, round %d" % (
                    count, total, case.name, optimizer.title, side, round_number))
                key = (case.name, optimizer.name, side)
                if key in failures:
                    continue
                try:
                    result = measure_once(case, optimizer, side, options.seconds)
                except Failure as failure:
                    failures[key] = "%s: %s" % (case.name, failure)
                    continue
                versions.update(result.get("versions", {}))
                results[key].append(result)
    progress("")
    return results, list(failures.values()), versions


def measure_memory(ours, versions):
    """Each program once, because memory does not vary: by (case, optimizer, side), and failures."""
    network = MEMORY._asdict()
    del network["name"]
    sizes = ["network.layers", "network.heads", "network.embedding", "network.context"]
    values = [MEMORY.layers, MEMORY.heads, MEMORY.embedding, MEMORY.context]
    settings = ["%s=%d" % entry for entry in zip(sizes, values)]
    settings.append("text.context=%d" % MEMORY.context)
    results, failures = {}, []

    def add(optimizer, side, command, what):
        progress("%s, %s, %s" % (MEMORY.name, optimizer, side))
        try:
            results[MEMORY.name, optimizer, side] = [json.loads(run(command, what))]
        except Failure as failure:
            failures.append("%s: %s" % (MEMORY.name, failure))

    for optimizer in ("adam", "adamqlr"):
        if optimizer in ours:
            add(optimizer, "ours", [
                TOOL, "bench", "--task", "text", "--model", "gpt2", "--optimizer", optimizer,
                "--batch-size", str(MEMORY.batch_size), "--threads", str(MEMORY.threads),
                "--random-data", "--seconds", "1", "--json",
            ] + [word for setting in settings for word in ("--set", setting)], "adamqlr bench")
    for optimizer in ("adam", "adamqlr-paper"):
        peer = os.path.join(FOLDER, "peers", "transformers_gpt2.py")
        add(optimizer, "torch", [sys.executable, peer, "--optimizer", optimizer]
            + peer_options(network), "the peer transformers_gpt2")
    progress("")
    for (result,) in results.values():
        versions.update(result.get("versions", {}))
    return results, failures


def progress(text):
    if sys.stderr.isatty():
        sys.stderr.write("\r\033[K" + text)
        sys.stderr.flush()
    elif text:
        print(text, file=sys.stderr)


# ---- What came out.


def median(results, key, figure="median_us"):
    """The median of the rounds' figures; None where nothing was measured."""
    runs = results.get(key)
    return statistics.median(run[figure] for run in runs) if runs else None


def report(cases, results, versions, options):
    rows = [
        ["task and batch", "optimizer", "adamqlr", "mean", "JAX", "adamqlr / JAX", "95 %", "target",
         "PyTorch", "adamqlr / PyTorch", "95 %"],
    ]
    notes = []
    for case in cases:
        for optimizer in OPTIMIZERS:
            sides = [(case.name, optimizer.name, side) for side in ("ours", "jax", "torch")]
            ours, jax, torch = (median(results, side) for side in sides)
            if (ours, jax, torch) == (None, None, None):
                continue
            goals = [
                described(target, ours, peer, of)
                for target, peer, of in (
                    (case.targets.get(optimizer.name), jax, ""),
                    (case.torch_targets.get(optimizer.name), torch, " of PyTorch"))
                if target is not None
            ]
            rows.append([
                case.name, optimizer.title, microseconds(ours),
                microseconds(median(results, (case.name, optimizer.name, "ours"), "mean_us")),
                microseconds(jax), ratio(ours, jax), ratio_interval(results, sides[0], sides[1]),
                " and ".join(goals), microseconds(torch), ratio(ours, torch),
                ratio_interval(results, sides[0], sides[2])])
        notes += step_notes(case, results)
    for (case_name, optimizer, side), runs in results.items():
        medians = [run["median_us"] for run in runs]
        if max(medians) > STEADY * min(medians):
            notes.append("Not steady: %s, %s, %s: %s µs" % (
                case_name, optimizer, side, ", ".join(microseconds(m) for m in medians)))
    lines = [
        "Median µs a step, float32, %d rounds of %g s, on %s, %s." % (
            options.rounds, options.seconds, machine(), datetime.date.today().isoformat()),
        "The mean is adamqlr's, over whole intervals of what is done every few steps only.",
        "kfac-jax stands in the JAX column. %s" % ", ".join(
            "%s %s" % entry for entry in sorted(versions.items())),
        "",
    ]
    lines += markdown(rows)
    if notes:
        lines += [""] + notes
    return "\n".join(lines)


def memory_report(results, versions):
    reference = results.get((MEMORY.name, "adam", "torch"), [{}])[0].get("peak_bytes")
    rows = [["program", "peak", "beside PyTorch's Adam", "target", "step", "mean step"]]
    notes = []
    names = {o.name: o.title for o in OPTIMIZERS}
    for (_, optimizer, side), (result,) in results.items():
        target = MEMORY_TARGETS.get(optimizer) if side == "ours" else None
        peak = result["peak_bytes"]
        rows.append([
            "%s, %s" % ({"ours": "adamqlr", "torch": "PyTorch"}[side], names[optimizer]),
            "%.2f GB" % (peak / 1e9), ratio(peak, reference),
            described(target, peak, reference, "") if target else "",
            "%.2f s" % (result["median_us"] / 1e6),
            "%.2f s" % (result["mean_us"] / 1e6) if "mean_us" in result else "–"])
        if "imported_bytes" in result:
            notes.append("%.2f GB" % (result["imported_bytes"] / 1e9))
    lines = [
        "Peak memory of a process that makes %d steps of GPT-2 with %d layers, %d heads, %d wide, "
        "of %d × %d bytes, float32, %d threads." % (
            next(iter(results.values()))[0]["steps"] if results else 0, MEMORY.layers, MEMORY.heads,
            MEMORY.embedding, MEMORY.batch_size, MEMORY.context, MEMORY.threads),
        "%s. PyTorch's includes what Python and its packages take before there is a model: %s." % (
            ", ".join("%s %s" % entry for entry in sorted(versions.items())),
            " and ".join(notes) or "–"),
        "",
    ]
    steps = [
        median(results, (MEMORY.name, name, "ours"), "mean_us") for name in ("adamqlr", "adam")]
    if all(steps):
        notes_below = ["", "AdamQLR's mean step beside our Adam's: %.2f, %s." % (
            steps[0] / steps[1], described(STEP_TARGET, *steps, ""))]
    else:
        notes_below = []
    return "\n".join(lines + markdown(rows) + notes_below)


def described(target, ours, peer, of):
    """A target in words, and whether it was missed."""
    text = "≤ %g%s" % (target, of)
    return text + ", **missed**" if ours and peer and ours / peer > target else text


def step_notes(case, results):
    """What else counts: our optimizers beside each other, and memory."""
    notes = []

    def add(text, target, ours, theirs):
        if ours and theirs:
            notes.append("%s: %s: %.2f, %s." % (
                case.name, text, ours / theirs, described(target, ours, theirs, "")))

    adamqlr, paper, adam = (
        median(results, (case.name, name, "ours"), "mean_us")
        for name in ("adamqlr", "adamqlr-paper", "adam"))
    add("AdamQLR's mean step beside the paper's", DEFAULT_TARGET, adamqlr, paper)
    if case.model == "mlp":
        return notes
    add("AdamQLR's mean step beside our Adam's", STEP_TARGET, adamqlr, adam)
    for optimizer in OPTIMIZERS:
        if optimizer.name in case.torch_targets:
            ours, theirs = (
                median(results, (case.name, optimizer.name, side), "peak_bytes")
                for side in ("ours", "torch"))
            if ours and theirs:
                add("%s's memory, %.0f MB beside PyTorch's %.0f MB" % (
                    optimizer.title, ours / 1e6, theirs / 1e6), MEMORY_TARGET, ours, theirs)
    return notes


def microseconds(value):
    if value is None:
        return "–"
    return "{:,.0f}".format(value) if value >= 100 else "%.1f" % value


def ratio(ours, theirs):
    return "%.2f" % (ours / theirs) if ours and theirs else "–"


def ratio_interval(results, ours, theirs):
    """The 95 % interval of the ratio by Student's t of its logarithm, round by round."""
    logarithms = [
        math.log(mine["median_us"] / peer["median_us"])
        for mine, peer in zip(results.get(ours, []), results.get(theirs, []))]
    freedom = len(logarithms) - 1
    if freedom < 1:
        return "–"
    mean = statistics.fmean(logarithms)
    quantile = T_QUANTILES[min(freedom, len(T_QUANTILES)) - 1]
    margin = quantile * statistics.stdev(logarithms) / math.sqrt(freedom + 1)
    return "%.2f–%.2f" % (math.exp(mean - margin), math.exp(mean + margin))


def markdown(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = []
    for index, row in enumerate(rows):
        cells = [
            cell.ljust(width) if i < 2 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths))]
        lines.append("| " + " | ".join(cells) + " |")
        if index == 0:
            lines.append("| " + " | ".join(
                "-" * width if i < 2 else "-" * (width - 1) + ":"
                for i, width in enumerate(widths)) + " |")
    return lines


def machine():
    name = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo") as file:
            name = next(line.split(":", 1)[1].strip() for line in file if "model name" in line)
    except (OSError, StopIteration):
        pass
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return "%s, %d core%s" % (name, cores, "" if cores == 1 else "s")


def write_json(path, results, versions):
    content = {
        "machine": machine(), "date": datetime.date.today().isoformat(), "versions": versions,
        "results": [
            {"case": case, "optimizer": optimizer, "side": side, "rounds": runs}
            for (case, optimizer, side), runs in results.items()],
    }
    with open(path, "w") as file:
        json.dump(content, file, indent=2)
        file.write("\n")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as failure:
        sys.exit("bench: %s" % failure)
    except KeyboardInterrupt:
        sys.exit(130)

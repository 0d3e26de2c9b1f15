"""What all peers have in common: they measure the time of a step, or replay a reference trace.

A peer is a class with
    NAME, PACKAGES     what it is called, and the packages whose versions matter
    TRACES             the variants of reference traces that it must reproduce
    Peer(problem, double, settings)    settings is None, or the optimizer's settings of a trace
    set_batch(x, y)    the examples of the steps that follow, in memory of the peer's kind
    start()            initial parameters and state; a batch is set before
    step()             one whole step; returns when nothing is left to do
    figures()          the last step's figures, by the names of the traces
    parameters()       the present parameters as NumPy arrays
and, where it has other networks than multilayer perceptrons,
    random_problem(model, batch_size, sizes, device, matmul)
"""

import argparse
import importlib.metadata
import json
import os
import resource
import statistics
import sys
import time

from problem import GPT2, MLP, RESNET, Problem, Trace

# As in StepBenchmark.swift: after so many steps the run starts anew, outside the time that counts;
# and so many are made at least before that time, and within it.
STEPS_PER_RUN = 30
LEAST_STEPS = (3, 8)
TOLERANCE = 1e-6
# The unit of getrusage.
KILOBYTE = 1 if sys.platform == "darwin" else 1024


def main(peer_class):
    parser = argparse.ArgumentParser(description=peer_class.__doc__)
    parser.add_argument("--model", choices=[MLP, RESNET, GPT2], default=MLP)
    parser.add_argument("--sizes", help="sizes of the layers, such as 8,50,1")
    parser.add_argument(
        "--network", nargs="*", default=[], metavar="NAME=N",
        help="sizes of another model: width; layers, heads, embedding, context, vocabulary")
    parser.add_argument("--device", default="cpu", help="where another model is: cpu or cuda")
    parser.add_argument(
        "--matmul", choices=["float", "tf32", "bf16"], default="float",
        help="how another model multiplies")
    parser.add_argument("--batch-size", type=int)
    parser.add_argument("--loss", choices=["cross-entropy", "squared-error"])
    parser.add_argument("--seconds", type=float, default=1, help="how long to measure")
    parser.add_argument(
        "--check", metavar="DIR", help="replay the reference traces of a folder instead")
    options = parser.parse_args()
    if options.check is not None:
        sys.exit(0 if check(peer_class, options.check) else 1)
    if options.model != MLP and options.batch_size is not None:
        sizes = {name: int(value) for name, value in (a.split("=") for a in options.network)}
        problem = peer_class.random_problem(
            options.model, options.batch_size, sizes, options.device, options.matmul)
    elif None in (options.sizes, options.batch_size, options.loss):
        parser.error("--sizes, --batch-size and --loss are needed, or --check")
    else:
        sizes = [int(size) for size in options.sizes.split(",")]
        problem = Problem.random(sizes, options.batch_size, options.loss == "cross-entropy")
    print(json.dumps(measure(peer_class, problem, options.seconds)))


def measure(peer_class, problem, seconds):
    peer = peer_class(problem, double=False, settings=None)
    peer.set_batch(problem.inputs, problem.targets)
    microseconds = []
    begin = time.perf_counter()
    run = 0
    while run < 2 or time.perf_counter() - begin < seconds:
        peer.start()
        run_begin = time.perf_counter()
        for step in range(1, STEPS_PER_RUN + 1):
            before = time.perf_counter_ns()
            peer.step()
            after = time.perf_counter_ns()
            if run > 0:
                microseconds.append((after - before) / 1000)
            # Slow steps need no whole runs.
            count = len(microseconds) if run > 0 else step
            if count >= LEAST_STEPS[min(run, 1)] and time.perf_counter() - run_begin >= seconds:
                break
        run += 1
        if run == 1:  # compilation does not count
            begin = time.perf_counter()
    deciles = statistics.quantiles(microseconds, n=10, method="inclusive")
    low, median, high = deciles[0], deciles[4], deciles[8]
    return {
        "median_us": median, "p10_us": low, "p90_us": high, "steps": len(microseconds),
        "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * KILOBYTE,
        "versions": {name: importlib.metadata.version(name) for name in peer_class.PACKAGES},
    }


def check(peer_class, folder):
    """Replays the peer's traces in double precision; a line each. Whether all agree."""
    if not os.path.isdir(folder):
        sys.exit("%s is not a folder of reference traces" % folder)
    good = True
    for model in ["mlp-regression", "mlp-classification"]:
        for variant in peer_class.TRACES:
            name = "%s--%s" % (model, variant)
            path = os.path.join(folder, name + ".json")
            if not os.path.exists(path):
                print("%s: %s is not there, so not checked" % (peer_class.NAME, name))
                continue
            deviation, place = replay(peer_class, Trace(path))
            # A comparison that is false for NaN.
            agrees = deviation <= TOLERANCE
            good = good and agrees
            print("%s: %s: %s, worst deviation %.1e (%s)" % (
                peer_class.NAME, name, "agrees" if agrees else "DIFFERS", deviation, place))
    return good


def replay(peer_class, trace):
    """The worst relative deviation from a trace, as its README defines it, and where it is."""
    import numpy

    peer = peer_class(trace.problem, double=True, settings=trace.settings)
    worst = []
    for number, (rows, expected) in enumerate(zip(trace.batches, trace.steps), 1):
        peer.set_batch(trace.problem.inputs[rows], trace.problem.targets[rows])
        if number == 1:
            peer.start()
        peer.step()
        for key, value in peer.figures().items():
            if key not in expected:
                continue
            floor = 0
            if key in ("true_change", "model_change", "quad_model_change"):
                floor = 1e-8 * abs(expected["loss"])
            elif key == "rho":
                floor = 1e-8
            scale = max(abs(expected[key]), floor)
            difference = abs(float(value) - expected[key])
            deviation = difference / scale if scale > 0 else difference
            worst.append((deviation, "%s of step %d" % (key, number)))
    for layer, (ours, expected) in enumerate(zip(peer.parameters(), trace.final_parameters)):
        for kind, a, b in zip(("weight", "bias"), ours, expected):
            deviation = numpy.abs(a - b).max() / numpy.abs(b).max()
            worst.append((deviation, "final %s of layer %d" % (kind, layer)))
    return max(worst, key=lambda entry: numpy.inf if numpy.isnan(entry[0]) else entry[0])

#!/usr/bin/env python3
"""Times a training step with two builds of adamqlr in turn, on every case of the benchmark.

    Benchmarks/pairs.py OLD/adamqlr NEW/adamqlr
    Benchmarks/pairs.py OLD/adamqlr NEW/adamqlr --pairs 25 --case uci-protein-1000 --json pairs.json

A pair is a process of each build, one behind the other, the older first in every other pair; its
figure is the ratio of both medians, so that what disturbs the machine for longer than a pair
disturbs both alike. Of a case's pairs the median counts, with the 95 % interval that its order
statistics give; of all cases, the geometric mean of the medians. Fails (exit 1) where that is above
1.02, or a case's median above 1.05. Needs Python 3.7 and no packages.
"""

import argparse
import json
import math
import os
import random
import statistics
import sys

from bench import CASES, OPTIMIZERS, Failure, machine, markdown, microseconds, our_command
from bench import positive, progress, programs_of, run

# The greatest ratios of the newer time and the older.
MEAN_TARGET, CASE_TARGET = 1.02, 1.05


def main():
    options = parse_options()
    for build in (options.old, options.new):
        if not os.access(build, os.X_OK):
            raise Failure("%s is no program" % build)
    programs = [
        (case, optimizer)
        for case in CASES if not options.case or case.name in options.case
        for optimizer, side in programs_of(case, {o.name for o in OPTIMIZERS})
        if side == "ours" and (not options.optimizer or optimizer.name in options.optimizer)]
    if not programs:
        raise Failure("there is no such case")
    results = measure(programs, options)
    mean = math.exp(statistics.fmean(
        math.log(statistics.median(ratios(pairs))) for pairs in results.values()))
    print(report(results, mean, options))
    if options.json:
        write_json(results, mean, options)
    worst = max(statistics.median(ratios(pairs)) for pairs in results.values())
    return 1 if mean > MEAN_TARGET or worst > CASE_TARGET else 0


def parse_options():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old", metavar="OLD", type=os.path.abspath, help="the older adamqlr")
    parser.add_argument("new", metavar="NEW", type=os.path.abspath, help="the newer adamqlr")
    parser.add_argument(
        "--pairs", type=positive(int), default=15, help="pairs of each case (default: 15)")
    parser.add_argument(
        "--seconds", type=positive(float), default=0.5,
        help="how long each process measures (default: 0.5)")
    parser.add_argument(
        "--case", action="append", choices=[case.name for case in CASES],
        help="this case only; may be repeated")
    parser.add_argument(
        "--optimizer", action="append", choices=[o.name for o in OPTIMIZERS],
        help="this optimizer only; may be repeated")
    parser.add_argument("--json", metavar="FILE", help="write every figure to a file as well")
    return parser.parse_args()


def measure(programs, options):
    """(older, newer) medians in microseconds of every pair, by (case, optimizer)."""
    results = {(case.name, optimizer.title): [] for case, optimizer in programs}
    # Round by round, so that no case has all its pairs in one bad minute.
    for number in range(1, options.pairs + 1):
        for case, optimizer in programs:
            progress("pair %d of %d: %s, %s" % (
                number, options.pairs, case.name, optimizer.title))
            builds, times = (options.old, options.new), [None, None]
            for side in (0, 1) if number % 2 else (1, 0):
                command = our_command(builds[side], case, optimizer, options.seconds)
                times[side] = json.loads(run(command, builds[side]))["median_us"]
            results[case.name, optimizer.title].append(tuple(times))
    progress("")
    return results


def ratios(pairs):
    return [newer / older for older, newer in pairs]


def interval(values):
    """The order statistics between which the median lies with a probability of 95 %; all of them
    where there are too few."""
    values, count = sorted(values), len(values)
    below, tail = 0, 0.5 ** count
    while tail * 2 <= 0.05 and below < count // 2:
        below += 1
        tail += math.comb(count, below) * 0.5 ** count
    return (values[max(below - 1, 0)], values[-max(below, 1)])


def mean_interval(results, draws=2000):
    """The 95 % interval of the geometric mean by the bootstrap, of pairs within cases."""
    generator = random.Random(0)
    logarithms = [[math.log(value) for value in ratios(pairs)] for pairs in results.values()]
    means = sorted(
        statistics.fmean(
            statistics.median(generator.choices(values, k=len(values))) for values in logarithms)
        for _ in range(draws))
    return math.exp(means[int(0.025 * draws)]), math.exp(means[int(0.975 * draws) - 1])


def report(results, mean, options):
    rows = [
        ["task and batch", "optimizer", "older µs", "newer µs", "newer / older", "95 %", "target"]]
    for (case, optimizer), pairs in results.items():
        values = ratios(pairs)
        middle = statistics.median(values)
        rows.append([
            case, optimizer, microseconds(statistics.median(older for older, _ in pairs)),
            microseconds(statistics.median(newer for _, newer in pairs)), "%.3f" % middle,
            "%.3f–%.3f" % interval(values),
            "≤ %g%s" % (CASE_TARGET, ", **above**" if middle > CASE_TARGET else "")])
    lines = [
        "Median µs a step, float32, %d alternating pairs of %g s, on %s." % (
            options.pairs, options.seconds, machine()), ""]
    lines += markdown(rows)
    lines += ["", "Geometric mean of the %d ratios: %.3f (95 %%: %.3f–%.3f), target ≤ %g%s." % (
        (len(results), mean) + mean_interval(results)
        + (MEAN_TARGET, ", **above**" if mean > MEAN_TARGET else ""))]
    return "\n".join(lines)


def write_json(results, mean, options):
    content = {
        "machine": machine(), "old": options.old, "new": options.new, "seconds": options.seconds,
        "geometric_mean": mean, "geometric_mean_interval": mean_interval(results),
        "results": [
            {"case": case, "optimizer": optimizer, "ratio": statistics.median(ratios(pairs)),
             "interval": interval(ratios(pairs)),
             "pairs_us": [{"old": older, "new": newer} for older, newer in pairs]}
            for (case, optimizer), pairs in results.items()],
    }
    with open(options.json, "w") as file:
        json.dump(content, file, indent=2)
        file.write("\n")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as failure:
        sys.exit("pairs: %s" % failure)
    except KeyboardInterrupt:
        sys.exit(130)

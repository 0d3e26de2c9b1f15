"""Draws Documentation/plots/untuned.svg from the development grid's results, with gnuplot:

    python3 scripts/untuned_plot.py

Of Adam at each constant learning rate, and of AdamQLR, which has none: the geometric mean over cells of
small tasks and tables, of even seeds, of the median final validation loss as a multiple of the lowest
that any of Adam's rates has in the cell.
"""

import collections
import csv
import math
import pathlib
import statistics
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent
RATES = ["1e-4", "3.16e-4", "1e-3", "3.16e-3", "1e-2", "3.16e-2", "1e-1"]
PARTS = {"batches of 16 and 50": {"16", "50"}, "100 and 400": {"100", "400"},
         "1,600 and all": {"1600", "full"}}

losses = collections.defaultdict(list)
with open(ROOT / "Documentation/Studies/development/results.csv", newline="") as file:
    for row in csv.DictReader(file):
        if int(row["seed"]) % 2 or row["task"] in ("gpt2", "resnet18"):
            continue
        loss = float(row["validation-loss"] or row["test-loss"])
        # A run that diverged, or did as badly, counts as a hundred times the best.
        if row["diverged"] == "true" or not math.isfinite(loss):
            loss = math.inf
        losses[row["task"], row["batch-size"], row["optimizer"]].append(loss)
medians = {key: statistics.median(values) for key, values in losses.items()}
cells = sorted({key[:2] for key in medians})


def multiple(optimizer, sizes):
    logs = []
    for cell in cells:
        if cell[1] not in sizes:
            continue
        best = min(medians[cell + ("adam-" + rate,)] for rate in RATES)
        logs.append(math.log(min(medians[cell + (optimizer,)] / best, 100)))
    return math.exp(sum(logs) / len(logs))


colors = ["#1b6ca8", "#d1495b", "#66a182"]
script = [
    "set terminal svg size 820,380 font 'Helvetica,13' background rgb 'white'",
    "set output '%s'" % (ROOT / "Documentation/plots/untuned.svg"),
    "set logscale xy", "set xrange [7e-5:0.14]", "set yrange [0.7:30]", "set grid lc rgb '#dddddd'",
    "set format x '%g'", "set xlabel 'learning rate of Adam'",
    "set ylabel 'final validation loss / best of Adam'", "set key outside right center samplen 2",
]
plots = []
for (name, sizes), color in zip(PARTS.items(), colors):
    plots.append("'-' with linespoints pt 7 ps 0.5 lw 2 lc rgb '%s' title 'Adam, %s'" % (color, name))
for (name, sizes), color in zip(PARTS.items(), colors):
    plots.append("'-' with lines dt 2 lw 2 lc rgb '%s' title 'AdamQLR, %s'" % (color, name))
script.append("plot " + ", ".join(plots))
for sizes in PARTS.values():
    script += ["%s %.4g" % (rate, multiple("adam-" + rate, sizes)) for rate in RATES] + ["e"]
for sizes in PARTS.values():
    own = multiple("adamqlr", sizes)
    script += ["7e-5 %.4g" % own, "0.14 %.4g" % own, "e"]
(ROOT / "Documentation/plots").mkdir(exist_ok=True)
subprocess.run(["gnuplot"], input="\n".join(script), text=True, check=True)

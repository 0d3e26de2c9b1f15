"""Checks that a study on Ray that loses a node gives the rows that it gives without Ray.

    check_ray.py PROGRAM

Two nodes of Ray are started on this machine, and a study of 60 runs is made on them. In its middle,
one is killed while it makes a run. Needs the Python of 'make ray'.
"""

import os
import subprocess
import sys
import tempfile
import time

from ray.cluster_utils import Cluster

from result_rows import rows

STUDY = """
title: Runs that are lost
seeds: 10
batch-sizes: [50, 100]
tasks:
  - {task: digits, epochs: 3, settings: {network.hidden: [50]}}
optimizers: [adamqlr, adam, sgd]
tuned: {tuned-adam: [adam]}
"""
RUN_COUNT = 60


def descendants(process):
    try:
        with open(f"/proc/{process}/task/{process}/children") as file:
            children = file.read().split()
    except FileNotFoundError:
        return []
    return children + [other for child in children for other in descendants(child)]


def is_run(process):
    try:
        with open(f"/proc/{process}/cmdline") as file:
            return "--worker" in file.read().split("\0")
    except FileNotFoundError:
        return False


def runs_on(node):
    raylet = node.all_processes["raylet"][0].process
    return [process for process in descendants(raylet.pid) if is_run(process)]


def main(program):
    with tempfile.TemporaryDirectory() as folder:
        # What the killed node leaves behind goes with it.
        os.environ["TMPDIR"] = folder
        study, plain, shared = (folder + name for name in ("/study.yaml", "/plain", "/shared"))
        plain_rows, shared_rows = plain + "/results.csv", shared + "/results.csv"
        with open(study, "w") as file:
            file.write(STUDY)
        command = [os.path.abspath(program), "study", study, "--output"]
        subprocess.run([*command, plain], check=True, stdout=subprocess.DEVNULL)
        print(f"without Ray: {len(rows(plain_rows))} rows", flush=True)

        cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
        node = cluster.add_node(num_cpus=1)
        cluster.wait_for_nodes()
        print(f"two nodes at {cluster.address}", flush=True)
        process = subprocess.Popen(
            [*command, shared, "--engine", "ray", "--address", cluster.address],
            stdout=subprocess.DEVNULL)
        while process.poll() is None and not (
                len(rows(shared_rows)) >= RUN_COUNT * 0.4 and runs_on(node)):
            time.sleep(0.01)
        # Not just at its beginning.
        time.sleep(0.3)
        lost = runs_on(node)
        cluster.remove_node(node, allow_graceful=False)
        print(
            f"a node is killed after {len(rows(shared_rows))} runs, with {len(lost)} under way on it",
            flush=True)
        status = process.wait()
        cluster.shutdown()
        print(f"on Ray: {len(rows(shared_rows))} rows, status {status}")
        if not lost:
            sys.exit("no run was lost: try again")
        if status != 0 or len(rows(plain_rows)) != RUN_COUNT or rows(plain_rows) != rows(shared_rows):
            sys.exit("the rows differ")
        print("the rows are the same to the last digit, times aside")


main(*sys.argv[1:])

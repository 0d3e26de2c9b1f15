"""Makes jobs of adamqlr on a Ray cluster.

Standard input has a line of options, then a line a job, {"number": …, "job": …}, or {"stop": true}.
Standard output gets {"room": …}, the number of jobs that the cluster has room for, whenever that
changes; {"number": …, "message": …} for each job, with what the program said of it; or {"error": …}.
When standard input ends, jobs are stopped.
"""

import fcntl
import glob
import hashlib
import io
import json
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import threading

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
try:
    import ray
except ModuleNotFoundError:
    sys.exit(3)

# What belongs to a machine's system or to its driver for GPUs.
OF_THE_NODE = re.compile(r"(ld-linux.*|lib(c|m|dl|rt|pthread|resolv|util|cuda|nvidia-.*))\.so")
# What CUDA's libraries load by name.
LOADED_BY_NAME = ["libcudnn*.so*", "libnvrtc*.so*", "libtorch_cuda_linalg.so"]
STOPPED = {"ended": {"_0": {"stopped": {}}}}
# How often a job is made again that a node was lost with.
MOST_RETRIES = 20


def digest(path):
    result = hashlib.sha256()
    with open(path, "rb") as file:
        while piece := file.read(1 << 20):
            result.update(piece)
    return result.hexdigest()


def pack(directory):
    result = io.BytesIO()
    with tarfile.open(fileobj=result, mode="w:gz", compresslevel=1) as archive:
        archive.add(directory, ".")
    return result.getvalue()


def unpack(files, directory):
    os.makedirs(directory)
    with tarfile.open(fileobj=io.BytesIO(files)) as archive:
        archive.extractall(directory)


def last_line(path):
    with open(path, errors="replace") as file:
        return ([line.strip() for line in file if line.strip()] or [""])[-1]


# On a node


def locate(program):
    """The program's folder on this node: libraries that are not where they are on the driver's machine,
    or are others, come from there."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    folder = os.path.join(cache, "adamqlr-swift", "programs", program["key"])
    if folder in located:
        return folder

    def is_there(path, known):
        return os.path.exists(path) and digest(path) == known

    def missing():
        return [
            name for name, file in program["files"].items()
            if not is_there(os.path.join(folder, name), file["digest"])]

    if missing():
        os.makedirs(folder, exist_ok=True)
        with open(folder + "/.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            for name in missing():
                file, target = program["files"][name], os.path.join(folder, name)
                new = target + ".new"
                if os.path.lexists(new):
                    os.remove(new)
                # The program itself may be built anew at any time.
                if name != program["name"] and is_there(file["path"], file["digest"]):
                    os.symlink(file["path"], new)
                else:
                    with open(new, "wb") as copy:
                        copy.write(ray.get(file["contents"]))
                    os.chmod(new, 0o755)
                os.replace(new, target)
    located.add(folder)
    return folder


# The folders that this process has found complete.
located = set()


def make(program, arguments, job, files):
    """Makes a job: what the program says in the end, and the run's files where they are to be kept."""
    folder = locate(program)
    with tempfile.TemporaryDirectory(prefix="adamqlr-") as scratch:
        directory = scratch + "/run"
        if files is not None:
            unpack(files, directory)
        with open(scratch + "/job", "w") as file:
            file.write(json.dumps({**job, "directory": directory}) + "\n")
        environment = dict(os.environ, LD_LIBRARY_PATH=folder, ADAMQLR_PARENT=str(os.getpid()))
        # Ray sets it, and figures may depend on the number of threads.
        environment.pop("OMP_NUM_THREADS", None)
        streams = [open(scratch + "/job"), open(scratch + "/said", "w"), open(scratch + "/errors", "w")]
        process = subprocess.Popen(
            [os.path.join(folder, program["name"]), *arguments], stdin=streams[0], stdout=streams[1],
            stderr=streams[2], env=environment, start_new_session=True)
        was_stopped = False
        try:
            process.wait()
        except KeyboardInterrupt:
            was_stopped = True
            process.send_signal(signal.SIGINT)
            process.wait()
        for stream in streams:
            stream.close()
        try:
            message = json.loads(last_line(scratch + "/said"))
        except ValueError:
            message = {}
        if "ended" not in message and "failed" not in message:
            code = process.returncode
            complaint = last_line(scratch + "/errors") or (
                f"the process was ended by signal {-code}" if code < 0
                else f"the process ended with status {code}")
            message = STOPPED if was_stopped else {"failed": {"_0": complaint}}
        if "failed" in message:
            complaint = message["failed"]["_0"].replace(directory, job["directory"])
            message = {"failed": {"_0": complaint}}
        is_wanted = job["keepsFiles"] or "finished" not in message.get("ended", {}).get("_0", {})
        return message, pack(directory) if is_wanted and os.path.exists(directory) else None


# Where the study is


def linked(path):
    """The libraries that a file is linked against, by the names that it asks for."""
    text = subprocess.run(["ldd", path], capture_output=True, text=True).stdout
    return dict(re.findall(r"^\s*(\S+) => (/.*) \(0x", text, re.MULTILINE))


def ship(path, has_gpus):
    """Puts a program and its libraries into Ray's store."""
    libraries = linked(path)
    cuda = os.path.dirname(libraries.get("libtorch_cpu.so", "")) + "/libtorch_cuda.so"
    if has_gpus and os.path.exists(cuda):
        libraries.update(linked(cuda), **{"libtorch_cuda.so": cuda})
        for folder in {os.path.dirname(library) for library in libraries.values()}:
            for pattern in LOADED_BY_NAME:
                for found in glob.glob(os.path.join(folder, pattern)):
                    libraries.setdefault(os.path.basename(found), found)
    name = os.path.basename(path)
    files = {name: path, **{n: p for n, p in libraries.items() if not OF_THE_NODE.match(n)}}
    result = {"name": name, "files": {}}
    for name, path in files.items():
        with open(path, "rb") as file:
            contents = file.read()
        result["files"][name] = {
            "path": path, "digest": hashlib.sha256(contents).hexdigest(), "contents": ray.put(contents)}
    key = json.dumps([(name, file["digest"]) for name, file in sorted(result["files"].items())])
    result["key"] = hashlib.sha256(key.encode()).hexdigest()[:16]
    return result


def room(cpus, gpus):
    """The number of jobs that the cluster has room for."""
    def of(node):
        total = node["Resources"]
        most = int(total.get("CPU", 0) // cpus)
        if gpus > 0:
            count = int(total.get("GPU", 0))
            most = min(most, count * int(1 / gpus) if gpus < 1 else int(count // gpus))
        return most
    return sum(of(node) for node in ray.nodes() if node["Alive"])


def replace(directory, files):
    """Writes the files of a run, all or none."""
    new, old = directory + ".new", directory + ".old"
    for path in (new, old):
        shutil.rmtree(path, ignore_errors=True)
    unpack(files, new)
    if os.path.exists(directory):
        os.rename(directory, old)
    os.rename(new, directory)
    shutil.rmtree(old, ignore_errors=True)


def drive(options, say):
    ray.init(address=options.get("address"), log_to_driver=False, logging_level="error")
    cpus, gpus = options["cpus"], options["gpus"]
    known = room(cpus, gpus)
    if known == 0 and not options["waits"]:
        raise RuntimeError(
            f"no node of the cluster has {cpus} CPUs and {gpus:g} GPUs for a run; with --jobs, runs "
            "wait for one")
    program = ship(options["program"], gpus > 0)
    task = ray.remote(num_cpus=cpus, num_gpus=gpus, max_retries=MOST_RETRIES)(make)
    say({"room": known})

    events, active, is_stopping = queue.Queue(), {}, False

    def listen():
        for line in sys.stdin:
            events.put(json.loads(line))
        events.put({"stop": True, "end": True})

    threading.Thread(target=listen, daemon=True).start()
    has_input = True
    while has_input or active:
        try:
            event = events.get(timeout=1)
        except queue.Empty:
            if room(cpus, gpus) != known:
                known = room(cpus, gpus)
                say({"room": known})
            continue
        if "job" in event:
            number, job = event["number"], event["job"]
            files = pack(job["directory"]) if os.path.exists(job["directory"]) else None
            reference = task.remote(program, options["arguments"], job, files)
            active[number] = reference, job
            reference.future().add_done_callback(
                lambda future, number=number: events.put({"done": future, "number": number}))
        elif "done" in event:
            _, job = active.pop(event["number"])
            try:
                message, files = event["done"].result()
                if files is not None:
                    replace(job["directory"], files)
            except Exception as error:
                message = STOPPED if is_stopping else {"failed": {"_0": str(error).splitlines()[-1]}}
            say({"number": event["number"], "message": message})
        elif not is_stopping:
            is_stopping = True
            for reference, _ in active.values():
                ray.cancel(reference)
        has_input = has_input and "end" not in event


def main():
    # Ray writes to standard output too.
    output = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def say(message):
        output.write(json.dumps(message) + "\n")
        output.flush()

    try:
        drive(json.loads(sys.stdin.readline()), say)
    except Exception as error:
        say({"error": (str(error).strip().splitlines() or [type(error).__name__])[0]})
        sys.exit(1)


main()

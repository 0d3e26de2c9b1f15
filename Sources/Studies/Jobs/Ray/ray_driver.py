"""Makes jobs of adamqlr on a Ray cluster.

Standard input has a line of options, then a line a job, {"number": …, "job": …}; when it ends, jobs are
stopped. Standard output gets {"room": …}, the number of jobs that the cluster has room for, whenever
that changes; {"number": …, "message": …} for each job, with what the program said; or {"error": …}.
"""

import contextlib
import fcntl
import glob
import hashlib
import io
import json
import mmap
import os
import queue
import re
import signal
import socket
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
# What is loaded by name where there are GPUs.
LOADED_BY_NAME = ["libtorch_cuda*.so", "libcudnn*.so*", "libnvrtc*.so*"]
# How often a job is made again that a node was lost with.
MOST_RETRIES = 20
STOPPED = {"ended": {"_0": {"stopped": {}}}}


def is_file(path, digest):
    if not os.path.exists(path):
        return False
    with open(path, "rb") as file:
        contents = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        return hashlib.sha256(contents).hexdigest() == digest


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
        return file.read().strip().split("\n")[-1]


# On a node: the folders of programs that this process has found complete.
located = set()


def locate(program):
    """The program's folder on this node. A library is a link where this machine has it too."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    folder = os.path.join(cache, "adamqlr-swift", "programs", program["key"])

    def missing():
        return [
            (name, file) for name, file in program["files"].items()
            if not is_file(os.path.join(folder, name), file["digest"])]

    if folder not in located and missing():
        os.makedirs(folder, exist_ok=True)
        with open(folder + "/.lock", "w") as lock, tempfile.TemporaryDirectory(dir=folder) as scratch:
            fcntl.flock(lock, fcntl.LOCK_EX)
            for name, file in missing():
                new = os.path.join(scratch, name)
                # The program itself may be built anew at any time.
                if name != program["name"] and is_file(file["path"], file["digest"]):
                    os.symlink(file["path"], new)
                else:
                    with open(new, "wb") as copy:
                        copy.write(ray.get(file["contents"]))
                    os.chmod(new, 0o755)
                os.replace(new, os.path.join(folder, name))
    located.add(folder)
    return folder


def make(program, arguments, job, files):
    """Makes a job: what the program says, and the run's files where they are to be kept."""
    folder = locate(program)
    environment = dict(os.environ, LD_LIBRARY_PATH=folder, ADAMQLR_PARENT=str(os.getpid()))
    # Ray sets it, and figures may depend on the number of threads.
    environment.pop("OMP_NUM_THREADS", None)
    with tempfile.TemporaryDirectory(prefix="adamqlr-") as scratch:
        directory, said, errors = (f"{scratch}/{name}" for name in ("run", "said", "errors"))
        if files is not None:
            unpack(files, directory)
        with open(scratch + "/job", "w+") as given, open(said, "w") as out, open(errors, "w") as err:
            given.write(json.dumps({**job, "directory": directory}) + "\n")
            given.seek(0)
            process = subprocess.Popen(
                [os.path.join(folder, program["name"]), *arguments], env=environment, stdin=given,
                stdout=out, stderr=err, start_new_session=True)
            try:
                # Without a limit it would wait on when Ray asks to stop.
                process.wait(timeout=1e9)
            except KeyboardInterrupt:
                process.send_signal(signal.SIGINT)
                process.wait()
        message = json.loads(last_line(said) or "{}")
        if process.returncode == -signal.SIGINT:
            message = STOPPED
        elif "ended" not in message:
            complaint = message.get("failed", {}).get("_0") or last_line(errors) or (
                f"the process ended with status {process.returncode}")
            message = {"failed": {"_0": complaint.replace(directory, job["directory"])}}
        is_wanted = job["keepsFiles"] or "finished" not in message.get("ended", {}).get("_0", {})
        return message, pack(directory) if is_wanted and os.path.exists(directory) else None


def linked(path):
    """The libraries that a file is linked against, by the names that it asks for."""
    text = subprocess.run(["ldd", path], capture_output=True, text=True).stdout
    return dict(re.findall(r"^\s*(\S+) => (/.*) \(0x", text, re.MULTILINE))


def ship(program, has_gpus):
    """Puts a program and its libraries into Ray's store."""
    files = linked(program)
    if has_gpus and "libtorch_cpu.so" in files:
        cuda = os.path.dirname(files["libtorch_cpu.so"]) + "/libtorch_cuda.so"
        files = linked(cuda) | files
        for folder in {os.path.dirname(library) for library in files.values()}:
            for pattern in LOADED_BY_NAME:
                files.update((os.path.basename(p), p) for p in glob.glob(f"{folder}/{pattern}"))
    files[os.path.basename(program)] = program
    shipped, key = {}, hashlib.sha256()
    for name, path in sorted(files.items()):
        if OF_THE_NODE.match(name):
            continue
        with open(path, "rb") as file:
            contents = file.read()
        known = hashlib.sha256(contents).hexdigest()
        shipped[name] = {"path": path, "digest": known, "contents": ray.put(contents)}
        key.update(f"{name} {known}\n".encode())
    return {"name": os.path.basename(program), "files": shipped, "key": key.hexdigest()[:16]}


def room(cpus, gpus):
    """The number of jobs that the cluster has room for."""
    def of(node):
        count = int(node.get("GPU", 0))
        by_gpus = float("inf") if gpus == 0 else count * int(1 / gpus) if gpus < 1 else count // gpus
        return int(min(node.get("CPU", 0) // cpus, by_gpus))
    return sum(of(node["Resources"]) for node in ray.nodes() if node["Alive"])


def replace(directory, files):
    """Replaces the files of a run, all or none."""
    with tempfile.TemporaryDirectory(prefix=".", dir=os.path.dirname(directory)) as scratch:
        unpack(files, scratch + "/new")
        if os.path.exists(directory):
            os.rename(directory, scratch + "/old")
        os.rename(scratch + "/new", directory)


def drive(options, say):
    cpus, gpus = options["cpus"], options["gpus"]
    address = options.get("address")
    # Ray itself would try for minutes.
    if place := re.fullmatch(r"(?:ray://)?(.+):(\d+)", address or ""):
        try:
            socket.create_connection(place.groups(), timeout=10).close()
        except OSError as error:
            raise RuntimeError(f"{address} does not answer: {error.strerror or error}")
    ray.init(address=address, log_to_driver=False, logging_level="error")
    known = room(cpus, gpus)
    if known == 0 and not options["waits"]:
        raise RuntimeError(
            f"no node has the CPUs ({cpus}) and GPUs ({gpus:g}) of a run; with --jobs, runs wait for one")
    program = ship(options["program"], gpus > 0)
    task = ray.remote(num_cpus=cpus, num_gpus=gpus, max_retries=MOST_RETRIES)(make)
    say({"room": known})
    events, active, is_stopping = queue.Queue(), {}, False

    def listen():
        for line in sys.stdin:
            events.put(json.loads(line))
        events.put({})

    threading.Thread(target=listen, daemon=True).start()
    while active or not is_stopping:
        try:
            event = events.get(timeout=1)
        except queue.Empty:
            if (now := room(cpus, gpus)) != known:
                known = now
                say({"room": known})
            continue
        number, job = event.get("number"), event.get("job")
        if number is None:
            is_stopping = True
            for reference, _ in active.values():
                ray.cancel(reference)
        elif job:
            files = pack(job["directory"]) if os.path.exists(job["directory"]) else None
            reference = task.remote(program, options["arguments"], job, files)
            active[number] = reference, job
            reference.future().add_done_callback(
                lambda future, number=number: events.put({"number": number, "result": future}))
        else:
            _, job = active.pop(number)
            try:
                message, files = event["result"].result()
                if files is not None:
                    replace(job["directory"], files)
            except Exception as error:
                reason = str(error).strip().split("\n")[-1]
                message = STOPPED if is_stopping else {"failed": {"_0": reason}}
            say({"number": number, "message": message})


def main():
    # Ray writes to standard output too.
    output = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    def say(message):
        # Should the program be gone, the files of its runs are kept all the same.
        with contextlib.suppress(BrokenPipeError):
            print(json.dumps(message), file=output, flush=True)
    try:
        drive(json.loads(sys.stdin.readline()), say)
    except Exception as error:
        say({"error": str(error).strip().split("\n")[0] or type(error).__name__})


main()

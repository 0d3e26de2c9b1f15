"""Takes the C++ part out of a torch wheel. Used by setup.sh; needs Python 3.7 and no packages.

  unpack_libtorch.py companions WHEEL...
      prints the requirements whose libraries torch's own need beside them
  unpack_libtorch.py unpack TREE NAME WHEEL...
      unpacks into the new folder TREE, checking every file against its wheel's RECORD
  unpack_libtorch.py check TREE NAME
      checks that every unpacked file is still there, with its size

NAME, such as 2.13.0-cpu, is written beside the files, and compared when they are checked.
"""

import base64
import csv
import fnmatch
import hashlib
import io
import os
import re
import sys
import zipfile

# Written last: a tree without it is not complete.
CONTENTS = "contents.txt"
REQUIRED = ["torch/lib/libtorch_cpu.so", "torch/lib/libc10.so", "torch/include/ATen/ATen.h"]
# These need Python, or GPU libraries that only a full CUDA installation has.
UNUSED = [
    "libtorch_python.so", "libtorch_cuda*", "libtorch_nvshmem*", "libc10_cuda*",
    "libcaffe2_nvrtc*",
]


class Problem(Exception):
    pass


def destination(name):
    """Where a wheel's file goes in the tree; None for a file that is left out."""
    if ".." in name.split("/") or name.endswith("/"):
        return None
    if name.startswith("torch/include/"):
        return name
    folder, _, base = name.rpartition("/")
    if ".so" not in base or any(fnmatch.fnmatch(base, pattern) for pattern in UNUSED):
        return None
    if folder == "torch/lib" or re.fullmatch(r"nvidia/[^/]+/lib", folder):
        return "torch/lib/" + base
    return None


def metadata_file(archive, base):
    names = [n for n in archive.namelist() if re.fullmatch(r"[^/]+\.dist-info/" + base, n)]
    if len(names) != 1:
        raise Problem("%s has no %s" % (os.path.basename(archive.filename), base))
    return archive.read(names[0]).decode("utf-8")


def companions(wheels):
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            for line in metadata_file(archive, "METADATA").splitlines():
                match = re.match(r"Requires-Dist: *([\w-]+)(\[[^\]]*\])? *\(?(==[^;) ]+)", line)
                if not match:
                    continue
                name, _, version = match.groups()
                if name == "cuda-toolkit":
                    print("cuda-toolkit[cudart,cupti]" + version)
                elif re.fullmatch(r"nvidia-cuda-(runtime|cupti)(-cu\d+)?", name):
                    print(name + version)


def copy(archive, name, path, digest, size):
    sha256, written = hashlib.sha256(), 0
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with archive.open(name) as source, open(path, "wb") as target:
        while True:
            block = source.read(1 << 20)
            if not block:
                break
            sha256.update(block)
            written += len(block)
            target.write(block)
    found = base64.urlsafe_b64encode(sha256.digest()).rstrip(b"=").decode()
    if written != size or "sha256=" + found != digest:
        raise Problem("%s is not what its wheel's RECORD says" % name)


def unpack(tree, name, wheels):
    contents = {}
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            rows = csv.reader(io.StringIO(metadata_file(archive, "RECORD")))
            for row in rows:
                path = destination(row[0])
                if path is not None:
                    copy(archive, row[0], os.path.join(tree, path), row[1], int(row[2]))
                    contents[path] = int(row[2])
    for path in REQUIRED:
        if path not in contents:
            raise Problem("the torch wheel has no " + path)
    with open(os.path.join(tree, CONTENTS), "w") as file:
        file.write("libtorch %s\n" % name)
        file.writelines("%d %s\n" % (size, path) for path, size in sorted(contents.items()))


def check(tree, name):
    try:
        with open(os.path.join(tree, CONTENTS)) as file:
            lines = file.read().splitlines()
    except (OSError, UnicodeDecodeError):
        raise Problem("it has no readable " + CONTENTS)
    if not lines or lines[0] != "libtorch " + name:
        raise Problem("it is not libtorch " + name)
    entries = [line.partition(" ") for line in lines[1:]]
    paths = {entry[2] for entry in entries}
    for path in REQUIRED:
        if path not in paths:
            raise Problem(CONTENTS + " is not complete")
    for size, _, path in entries:
        try:
            found = os.stat(os.path.join(tree, path)).st_size
        except OSError:
            raise Problem(path + " is missing")
        if str(found) != size:
            raise Problem(path + " has the wrong size")


def main(arguments):
    if len(arguments) > 1 and arguments[0] == "companions":
        companions(arguments[1:])
    elif len(arguments) > 3 and arguments[0] == "unpack":
        unpack(arguments[1], arguments[2], arguments[3:])
    elif len(arguments) == 3 and arguments[0] == "check":
        check(arguments[1], arguments[2])
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except Problem as problem:
        sys.exit(str(problem))
    except (OSError, zipfile.BadZipFile, ValueError, IndexError) as error:
        sys.exit("cannot read or write libtorch: %s" % error)
    except KeyboardInterrupt:
        sys.exit(130)

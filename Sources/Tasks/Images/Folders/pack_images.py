"""Reads images of any size and format, and packs them as bytes of one size.

    pack_images.py folder FOLDER SIZE NAME     the images of a folder, a folder a class
    pack_images.py files SIZE NAME             those whose paths are on standard input, a line each, and
                                               those below folders

NAME.pack receives size × size × 3 bytes an image (rows from the top, red, green, blue), NAME.json what they
are. Both are left alone where they are up to date; interrupted, it goes on. Standard output has a JSON object
a line: {"found": n} and {"looked_at": n} before any is read, {"total": n, "done": n}, at last
{"ready": NAME.json}, or {"error": text}.
"""

import concurrent.futures
import contextlib
import fcntl
import hashlib
import itertools
import json
import os
import sys
import time

VERSION = 1
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm")
PARTS = ("train", "validation", "test")
CHUNK = 64


class Failure(Exception):
    pass


def say(**event):
    print(json.dumps(event), flush=True)


def folders(path):
    return sorted(e.name for e in os.scandir(path) if e.is_dir() and not e.name.startswith("."))


def images_below(path):
    """The images below a folder, at any depth, sorted; and how many other files there are."""
    found, others = [], 0
    for directory, names, files in os.walk(path, followlinks=True):
        names[:] = sorted(name for name in names if not name.startswith("."))
        for name in sorted(files):
            if name.startswith("."):
                continue
            if name.lower().endswith(SUFFIXES):
                found.append(os.path.join(directory, name))
            else:
                others += 1
        say(found=len(found))
    return found, others


def listing(root):
    """(path, class, part) of every image, the classes, and how many files are no images."""
    if not os.path.isdir(root):
        raise Failure("there is no folder '%s'" % root)
    top = folders(root)
    aliases = {"val": "validation", "valid": "validation", "training": "train"}
    parts = {aliases.get(name, name): name for name in top if aliases.get(name, name) in PARTS}
    if "train" in parts:
        places = [(part, os.path.join(root, parts[part])) for part in PARTS if part in parts]
    else:
        places = [(None, root)]
    classes = folders(places[0][1])
    if len(classes) < 2:
        raise Failure("%s has %s; expected a folder for each class, at least two" % (
            places[0][1], "the one folder '%s'" % classes[0] if classes else "no folders"))
    images, others = [], 0
    for part, place in places:
        strange = [name for name in folders(place) if name not in classes]
        if strange:
            raise Failure("%s has the class '%s', which %s does not have" % (
                place, strange[0], places[0][1]))
        for index, name in enumerate(classes):
            folder = os.path.join(place, name)
            if os.path.isdir(folder):
                found, more = images_below(folder)
                images += [(path, index, part) for path in found]
                others += more
    if not images:
        raise Failure("%s has no images: %s" % (root, ", ".join(s[1:] for s in SUFFIXES)))
    return images, classes, others


def digest(images, size):
    state = hashlib.sha256(("%d %d" % (VERSION, size)).encode())
    for number, (path, label, part) in enumerate(images):
        if number % 1000 == 0:
            say(looked_at=number)
        status = os.stat(path)
        state.update(("%s\0%s\0%s\0%d\0%d\n" % (
            path, label, part, status.st_size, status.st_mtime_ns)).encode("utf-8", "surrogateescape"))
    return state.hexdigest()


def pixels(path, size):
    """The bytes of an image, cut to a square around its middle; an error's text where it is broken."""
    from PIL import Image, ImageOps
    try:
        with Image.open(path) as image:
            image.draft("RGB", (2 * size, 2 * size))
            image = ImageOps.exif_transpose(image)
            if image.mode.startswith("I;16") or image.mode == "I":
                image = image.point(lambda value: value / 256).convert("L")
            if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
                image = image.convert("RGBA")
                white = Image.new("RGBA", image.size, (255, 255, 255, 255))
                image = Image.alpha_composite(white, image)
            image = image.convert("RGB")
            return ImageOps.fit(image, (size, size), Image.Resampling.BICUBIC).tobytes()
    except Exception as error:
        return str(error).replace("\n", " ").replace(" '%s'" % path, "") or type(error).__name__


def journal(name, key):
    """What came of the images that were read already, for as long as the list of images is the same."""
    try:
        with open(name + ".journal") as file:
            lines = file.read().split("\n")
    except OSError:
        return []
    # The last line is empty, or was cut off.
    return lines[1:-1] if lines[0] == key else []


def pack(images, size, name, key, describe):
    outcomes = journal(name, key)
    good = sum(outcome == "ok" for outcome in outcomes)
    bytes_each = 3 * size * size
    data = open(name + ".partial", "r+b" if os.path.exists(name + ".partial") else "w+b")
    # The journal is written behind the bytes, so these are never fewer, unless the disk lost some.
    if os.fstat(data.fileno()).st_size < good * bytes_each:
        outcomes, good = [], 0
    data.truncate(good * bytes_each)
    data.seek(0, os.SEEK_END)
    with data, open(name + ".journal", "w") as log:
        log.write("\n".join([key] + outcomes) + "\n")
        log.flush()
        say(total=len(images), done=len(outcomes))
        rest = iter(images[len(outcomes):])
        with concurrent.futures.ThreadPoolExecutor(min(os.cpu_count() or 1, 8)) as pool:
            while chunk := list(itertools.islice(rest, CHUNK)):
                results = list(pool.map(lambda image: pixels(image[0], size), chunk))
                for result in results:
                    if isinstance(result, bytes):
                        data.write(result)
                        outcomes.append("ok")
                    else:
                        outcomes.append("broken\t" + result)
                data.flush()
                log.write("".join(line + "\n" for line in outcomes[-len(results):]))
                log.flush()
                say(total=len(images), done=len(outcomes))
        os.fsync(data.fileno())
    content = describe(outcomes)
    content.update(version=VERSION, size=size, digest=key)
    with open(name + ".json.new", "w") as file:
        json.dump(content, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(name + ".partial", name + ".pack")
    os.replace(name + ".json.new", name + ".json")
    os.remove(name + ".journal")


@contextlib.contextmanager
def locked(name, count):
    """Keeps other processes from packing the same meanwhile; waits while one does."""
    with open(name + ".lock", "w") as file:
        while True:
            try:
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                say(looked_at=count)
                time.sleep(0.5)
        yield


def is_ready(name, key, size):
    try:
        with open(name + ".json") as file:
            content = json.load(file)
        count = os.path.getsize(name + ".pack")
    except (OSError, ValueError):
        return False
    return content.get("digest") == key and count == 3 * size * size * len(content.get("labels", []))


def main(kind, *arguments):
    classes, others = [], 0
    if kind == "folder":
        root, size, name = arguments
        images, classes, others = listing(root)
    else:
        size, name = arguments
        paths = [line.rstrip("\n") for line in sys.stdin]
        images = []
        for path in paths:
            if os.path.isdir(path):
                found, more = images_below(path)
                images += [(image, 0, None) for image in found]
                others += more
            elif os.path.isfile(path):
                images.append((path, 0, None))
            else:
                raise Failure("there is no image '%s'" % path)
        if not images:
            raise Failure("there are no images: %s" % ", ".join(s[1:] for s in SUFFIXES))
    size = int(size)
    key = digest(images, size)

    def describe(outcomes):
        kept = [image for image, outcome in zip(images, outcomes) if outcome == "ok"]
        return {
            "classes": classes, "others": others,
            "labels": [label for _, label, _ in kept],
            "parts": [part or "" for _, _, part in kept],
            "names": [path for path, _, _ in kept] if kind == "files" else [],
            "broken": [
                {"path": image[0], "reason": outcome.split("\t", 1)[1]}
                for image, outcome in zip(images, outcomes) if outcome != "ok"],
        }

    if not is_ready(name, key, size):
        import PIL  # noqa: F401
        os.makedirs(os.path.dirname(name), exist_ok=True)
        with locked(name, len(images)):
            if not is_ready(name, key, size):
                pack(images, size, name, key, describe)
    say(ready=name + ".json")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except ImportError:
        sys.exit(3)
    except Failure as failure:
        say(error=str(failure))
        sys.exit(4)
    except OSError as error:
        say(error="%s: %s" % (error.filename or "a file", error.strerror))
        sys.exit(4)
    except KeyboardInterrupt:
        sys.exit(130)

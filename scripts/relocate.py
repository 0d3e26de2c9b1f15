"""Copies a program so that it looks for its libraries beside itself alone.

    relocate.py PROGRAM COPY

The search path that the linker wrote into it (DT_RUNPATH) has folders of the machine that built it; the
copy has $ORIGIN in their place, which is shorter, so that nothing else moves.
"""

import os
import struct
import sys

SECTION_DYNAMIC, TAG_RPATH, TAG_RUNPATH = 6, 15, 29


def main(source, destination):
    with open(source, "rb") as file:
        content = bytearray(file.read())
    if content[:6] != b"\x7fELF\x02\x01":
        sys.exit("relocate: %s is no 64-bit ELF program" % source)
    offset, = struct.unpack_from("<Q", content, 40)
    size, count = struct.unpack_from("<HH", content, 58)
    sections = [struct.unpack_from("<IIQQQQIIQQ", content, offset + i * size) for i in range(count)]
    dynamic = next(section for section in sections if section[1] == SECTION_DYNAMIC)
    strings = sections[dynamic[6]][4]
    replaced = 0
    for place in range(dynamic[4], dynamic[4] + dynamic[5], 16):
        tag, value = struct.unpack_from("<qQ", content, place)
        if tag not in (TAG_RPATH, TAG_RUNPATH):
            continue
        start = strings + value
        length = content.index(0, start) - start
        path = b"$ORIGIN"
        if length < len(path):
            sys.exit("relocate: the search path of %s is too short" % source)
        content[start:start + length] = path + bytes(length - len(path))
        replaced += 1
    if not replaced:
        sys.exit("relocate: %s has no search path" % source)
    with open(destination, "wb") as file:
        file.write(content)
    os.chmod(destination, 0o755)


main(*sys.argv[1:])

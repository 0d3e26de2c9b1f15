"""Reads the log of a run, a file of TensorBoard's. Needs Python 3.7 and no packages."""

import collections
import struct


def read(path):
    """The figures by tag: a list of (step, the single-precision number's bits).

    ValueError where the file is cut off."""
    with open(path, "rb") as file:
        content = file.read()
    figures = collections.defaultdict(list)
    offset = 0
    while offset < len(content):
        length, = struct.unpack_from("<Q", content, offset)
        event = content[offset + 12:offset + 12 + length]
        if len(event) < length:
            raise ValueError("%s is cut off" % path)
        offset += length + 16
        step = 0
        for number, value in fields(event):
            if number == 2:
                step = value
            elif number == 5:
                for _, entry in fields(value):
                    entry = dict(fields(entry))
                    figures[entry[1].decode()].append((step, struct.unpack("<I", entry[2])[0]))
    return dict(figures)


def single(bits):
    """The number of single precision with these bits."""
    return struct.unpack("<f", struct.pack("<I", bits))[0]


def fields(message):
    """The fields of a protocol buffer message: their numbers and contents."""
    offset = 0
    while offset < len(message):
        key, offset = varint(message, offset)
        kind = key & 7
        if kind == 0:
            value, offset = varint(message, offset)
        else:
            size = {1: 8, 5: 4}.get(kind)
            if size is None:
                size, offset = varint(message, offset)
            value, offset = message[offset:offset + size], offset + size
        yield key >> 3, value


def varint(message, offset):
    value, shift = 0, 0
    while True:
        byte = message[offset]
        offset += 1
        value |= (byte & 0x7f) << shift
        if byte < 0x80:
            return value, offset
        shift += 7

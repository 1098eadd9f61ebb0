#!/usr/bin/env python3
"""Makes the small binary profiles of these directories: pprof, otlp, simpleperf, gperftools, austin."""
import os
import struct

HERE = os.path.dirname(os.path.abspath(__file__))


def write(path, content):
    os.makedirs(os.path.dirname(os.path.join(HERE, path)), exist_ok=True)
    with open(os.path.join(HERE, path), "wb") as file:
        file.write(content)


def varint(number):
    out = b""
    while number >= 0x80:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def field(tag, value):
    if isinstance(value, int):
        return varint(tag << 3) + varint(value)
    return varint(tag << 3 | 2) + varint(len(value)) + value


def message(*fields):
    return b"".join(field(tag, value) for tag, value in fields)


def pprof():
    strings = ["", "samples", "count", "cpu", "nanoseconds", "main", "bakery::Oven::heat", "knead", "oven.go", "shelf", "7"]
    types = [(1, message((1, 1), (2, 2))), (1, message((1, 3), (2, 4)))]
    # The leaf first; the first location has a function that was inlined.
    samples = [
        (2, message((1, b"\x01\x02"), (2, b"\x03" + varint(30000000)), (3, message((1, 9), (2, 10))))),
        (2, message((1, b"\x02"), (2, b"\x01" + varint(10000000)))),
    ]
    locations = [
        (4, message((1, 1), (4, message((1, 3), (2, 7))), (4, message((1, 2), (2, 9))))),
        (4, message((1, 2), (4, message((1, 1), (2, 3))))),
    ]
    functions = [(5, message((1, i), (2, name), (4, 8))) for i, name in [(1, 5), (2, 6), (3, 7)]]
    table = [(6, string.encode()) for string in strings]
    return message(*types, *samples, *locations, *functions, *table, (11, message((1, 3), (2, 4))), (12, 10000000))


def otlp():
    strings = ["", "cpu", "nanoseconds", "main", "heat"]
    functions = [b""] + [message((1, name)) for name in (3, 4)]
    locations = [b""] + [message((3, message((1, i), (2, i)))) for i in (1, 2)]
    dictionary = message(
        (1, b""), *[(2, it) for it in locations], *[(3, it) for it in functions],
        *[(5, it.encode()) for it in strings], (7, b""), (7, message((1, b"\x02\x01"))),
    )
    profile = message((1, message((1, 1), (2, 2))), (2, message((1, 1), (4, varint(20000000)))))
    return message((1, message((2, message((2, profile))))), (2, dictionary))


def simpleperf():
    def entry(symbol):
        return message((1, 4096), (2, 0), (3, symbol))

    records = [
        message((1, message((1, 1), (2, 72), (3, entry(1)), (3, entry(0)), (4, 250), (5, 0)))),
        message((3, message((1, 0), (2, b"/srv/bakery/libloaf.so"), (3, b"main"), (3, b"heat")))),
        message((4, message((1, 72), (2, 71), (3, b"oven")))),
        message((5, message((1, b"cpu-clock")))),
    ]
    out = b"SIMPLEPERF" + struct.pack("<H", 1)
    for record in records:
        out += struct.pack("<I", len(record)) + record
    return out + struct.pack("<I", 0)


def gperftools():
    words = [0, 3, 0, 10000, 0, 4, 2, 0x1101, 0x5201, 0, 1, 0]
    maps = "00001000-00002000 r-xp 00000000 08:01 12 /srv/bakery/oven\n00005000-00006000 r-xp 00000000 08:01 13 /usr/lib/libc.so.6\n"
    return struct.pack("<%dQ" % len(words), *words) + maps.encode()


def mojo():
    def number(value):
        out, value = [value & 0x3F], value >> 6
        while value:
            out[-1] |= 0x80
            out.append(value & 0x7F)
            value >>= 7
        return bytes(out)

    def text(value):
        return value.encode() + b"\0"

    string = lambda key, value: b"\x0b" + number(key) + text(value)
    frame = lambda key, file, scope, line: b"\x03" + b"".join(map(number, (key, file, scope, line)))
    return (
        b"MOJ" + number(1) + b"\x01" + text("mode") + text("wall")
        + b"\x02" + number(71) + text("0x7f")
        + string(1, "oven.py") + string(2, "main") + string(3, "heat")
        + frame(1, 1, 2, 9) + frame(2, 1, 3, 4) + b"\x05" + number(1) + b"\x05" + number(2)
        + b"\x09" + number(1500)
    )


write("pprof/cpu.pb", pprof())
write("otlp/cpu.pb", otlp())
write("simpleperf/cpu.proto", simpleperf())
write("gperftools/cpu.prof", gperftools())
write("austin/binary.mojo", mojo())

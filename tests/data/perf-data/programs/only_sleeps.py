"""Copies the output of `perf record -o -` with the stacks and names of only one program: of other programs, only that
they ran is left."""
import struct
import sys

PROGRAM, OTHER = b"sleeps", b"other"
COMM, EXIT, FORK, SAMPLE, MMAP2, TRACING_DATA = 3, 4, 7, 9, 10, 66
FIRST_OF_PERF = 64
# Identifier, address, process and thread, time, CPU, period.
FIXED = 48


def sample(body, threads):
    tid, count = *struct.unpack_from("<I", body, 20), *struct.unpack_from("<Q", body, FIXED)
    fixed, chain, rest = body[:FIXED], body[FIXED : FIXED + 8 + 8 * count], bytearray(body[FIXED + 8 + 8 * count :])
    if tid not in threads:
        chain = struct.pack("<Q", 0)
    # The size of the fields, common ones, and the name of a thread; sched_switch has another one.
    for at in (12, 44):
        name = rest[at : at + 16].split(b"\0")[0]
        if at + 16 <= len(rest) and name not in (b"", PROGRAM) and not name.startswith(b"swapper"):
            rest[at : at + 16] = OTHER.ljust(16, b"\0")
    return fixed + chain + bytes(rest)


def records(data):
    at = 16
    while at + 8 <= len(data):
        kind, misc, size = struct.unpack_from("<IHH", data, at)
        end = at + size
        if kind == TRACING_DATA:
            end += struct.unpack_from("<I", data, at + 8)[0] + 7 & ~7
        yield kind, misc, data[at + 8 : end]
        at = end


def tidy(data):
    threads = {struct.unpack_from("<I", body, 4)[0] for kind, _, body in records(data) if kind == COMM and body[8:].startswith(PROGRAM)}
    threads |= {
        struct.unpack_from("<I", body, 8)[0]
        for kind, _, body in records(data)
        if kind == FORK and struct.unpack_from("<I", body, 4)[0] in threads
    }
    yield data[:16]
    for kind, misc, body in records(data):
        if kind == SAMPLE:
            body = sample(body, threads)
        elif kind < FIRST_OF_PERF and (kind not in (COMM, FORK, EXIT, MMAP2) or struct.unpack_from("<I", body)[0] not in threads):
            continue
        size = 16 if kind == TRACING_DATA else 8 + len(body)
        yield struct.pack("<IHH", kind, misc, size) + body


source, target = sys.argv[1:]
content = b"".join(tidy(open(source, "rb").read()))
open(target, "wb").write(content)

"""Copies a perf.data file of `perf record --call-graph dwarf` without what processes had mapped before their last exec.

    without_old_maps.py perf.data OUT

perf 6.1 does not forget it, and unwinds wrongly for that. To see what else differs, fold the output of `perf script` for
OUT. What ran between fork and exec has no maps there, and another thread name.
"""
import struct
import sys

MMAP, COMM, FORK, MMAP2 = 1, 3, 7, 10
IS_EXEC = 1 << 13
# The fields at the end of a record, starting with the time: time, id, stream, processor, identifier.
TRAILER = (1 << 2, 1 << 6, 1 << 9, 1 << 7, 1 << 16)

source, target = sys.argv[1:]
data = bytearray(open(source, "rb").read())
(events,) = struct.unpack_from("<Q", data, 24)
(sample_type,) = struct.unpack_from("<Q", data, events + 24)
from_end = 8 * sum(1 for field in TRAILER if sample_type & field)


def records():
    at, size = struct.unpack_from("<QQ", data, 40)
    end = at + size
    while at < end:
        kind, misc, size = struct.unpack_from("<IHH", data, at)
        if size < 8:
            return
        if kind in (MMAP, COMM, FORK, MMAP2):
            (time,) = struct.unpack_from("<Q", data, at + size - from_end)
            yield at, kind, misc, time
        at += size


last_exec = {}
for at, kind, misc, time in records():
    (pid,) = struct.unpack_from("<i", data, at + 8)
    if kind == COMM and misc & IS_EXEC:
        last_exec[pid] = max(last_exec.get(pid, 0), time)
for at, kind, misc, time in records():
    pid, parent = struct.unpack_from("<ii", data, at + 8)
    if pid not in last_exec:
        continue
    if kind == FORK and pid != parent:
        # A process without a parent inherits nothing.
        struct.pack_into("<i", data, at + 12, 0)
        struct.pack_into("<i", data, at + 20, 0)
    if kind in (MMAP, MMAP2) and time < last_exec[pid]:
        name = at + 8 + (64 if kind == MMAP2 else 32)
        if data[name] == ord("/"):
            data[name + 1] = ord("~")
open(target, "wb").write(data)

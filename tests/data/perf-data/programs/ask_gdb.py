"""Lets gdb judge the stacks of a perf.data file of `perf record --call-graph dwarf` (x86-64, one event).

    ask_gdb.py perf.data INFERNO_COLLAPSE_PERF [--among N] [--ask N] [--seed N] [--only TID,..] [--show N]

Of a random N samples, those are found of which `perf script` and INFERNO_COLLAPSE_PERF tell different stacks. For some of
these, and for as many that are the same, gdb unwinds too: it gets a core file with the recorded registers and the
recorded part of the stack, and the files that the process had mapped since its last exec, as the recording has them at
the time of the sample. What gdb finds is put into the sample as if it were a call chain of frame pointers, so that the
frames of all three are named alike. A stack that ends in `[unknown]` was recorded in part, and is compared as if it had
ended there.

Needs perf, gdb with Python, and the programs that were recorded. It is run by hand: docs/DIFFERENCES.md has what came out.
"""
import argparse
import collections
import os
import random
import re
import struct
import subprocess
import sys
import tempfile

MMAP, COMM, FORK, SAMPLE, MMAP2 = 1, 3, 7, 9, 10
IP, TID, TIME, CALLCHAIN, REGS, STACK, IDENTIFIER = 1, 2, 4, 1 << 5, 1 << 12, 1 << 13, 1 << 16
WORDS_BEFORE_CHAIN = (IDENTIFIER, IP, TID, TIME, 1 << 3, 1 << 6, 1 << 9, 1 << 7, 1 << 8)
UNSUPPORTED = 1 << 4 | 1 << 10 | 1 << 11
# The fields at the end of a record other than a sample.
TRAILER = (TID, TIME, 1 << 6, 1 << 9, 1 << 7, IDENTIFIER)
IS_EXEC = 1 << 13
IS_DATA, EXECUTABLE = 1 << 13, 4
USER_MARK = 2**64 - 512
# perf's register numbers, in the order of a core file; None for those that perf lacks.
IN_CORE = (23, 22, 21, 20, 6, 1, 19, 18, 17, 16, 0, 2, 3, 4, 5, None, 8, 10, 9, 7, 11) + (None,) * 6
REGISTER_SP = 7
# Thread IDs that no process has.
FIRST_TID = 1 << 30
PAGE = 4096

GDB = """
import gdb
frame, lines = gdb.newest_frame(), []
while frame is not None and len(lines) < 4096:
    last = frame
    if frame.type() not in (gdb.INLINE_FRAME, gdb.TAILCALL_FRAME):
        lines.append("%x %d" % (frame.pc(), frame.type() == gdb.SIGTRAMP_FRAME))
    frame = frame.older()
print("frames", ",".join(lines))
print("end", gdb.frame_stop_reason_string(last.unwind_stop_reason()))
"""


class File:
    """A perf.data file with its records, in the order of the file."""

    def __init__(self, path):
        data = self.data = open(path, "rb").read()
        (events,) = struct.unpack_from("<Q", data, 24)
        (self.type,) = struct.unpack_from("<Q", data, events + 24)
        (registers,) = struct.unpack_from("<Q", data, events + 80)
        self.registers = [number for number in range(64) if registers >> number & 1]
        if self.type & UNSUPPORTED or not self.type & STACK:
            sys.exit("no recording of `perf record --call-graph dwarf`, or one of more than stacks")
        self.start, size = struct.unpack_from("<QQ", data, 40)
        self.end = self.start + size

    def records(self):
        at = self.start
        while at < self.end:
            kind, misc, size = struct.unpack_from("<IHH", self.data, at)
            if size < 8:
                return
            yield kind, misc, self.data[at : at + size]
            at += size

    def time(self, kind, record):
        if kind == SAMPLE:
            before = WORDS_BEFORE_CHAIN[: WORDS_BEFORE_CHAIN.index(TIME)]
            return word(record, 8 + 8 * sum(1 for field in before if self.type & field))
        behind = [field for field in TRAILER if self.type & field]
        return word(record, len(record) - 8 * (len(behind) - behind.index(TIME)))

    def write(self, path, records):
        """Writes a file with other records, and what is behind them in this one."""
        body, behind = b"".join(records), self.data[self.end :]
        head = bytearray(self.data[: self.start])
        struct.pack_into("<Q", head, 48, len(body))
        moved = len(body) - (self.end - self.start)
        features = bin(int.from_bytes(head[72:104], "little")).count("1")
        table = bytearray(behind)
        for at in range(0, 16 * features, 16):
            struct.pack_into("<Q", table, at, word(table, at) + moved)
        open(path, "wb").write(bytes(head) + body + bytes(table))


class Sample:
    """A sample, taken apart."""

    def __init__(self, file, record):
        self.file, self.record = file, bytearray(record)
        before = [field for field in WORDS_BEFORE_CHAIN if file.type & field]
        self.ids = 8 + 8 * before.index(TID)
        (self.pid,) = struct.unpack_from("<i", record, self.ids)
        self.at_chain = at = 8 + 8 * len(before)
        length = word(record, at) if file.type & CALLCHAIN else 0
        self.chain = struct.unpack_from(f"<{length}Q", record, at + 8)
        at += 8 + 8 * length if file.type & CALLCHAIN else 0
        self.registers, self.stack = {}, b""
        if word(record, at):
            values = struct.unpack_from(f"<{len(file.registers)}Q", record, at + 8)
            self.registers = dict(zip(file.registers, values))
            at += 8 * len(values)
            size = word(record, at + 8)
            used = word(record, at + 16 + size) if size else 0
            self.stack = record[at + 16 : at + 16 + used]

    def name(self, tid):
        struct.pack_into("<i", self.record, self.ids + 4, tid)

    def with_chain(self, addresses):
        """The sample with these addresses for the user's part of the call chain, and nothing to unwind."""
        kernel = list(self.chain[: self.chain.index(USER_MARK)] if USER_MARK in self.chain else self.chain)
        chain = kernel + [USER_MARK] + addresses
        body = self.record[8 : self.at_chain] + struct.pack(f"<{len(chain) + 3}Q", len(chain), *chain, 0, 0)
        kind, misc, _ = struct.unpack_from("<IHH", self.record)
        return struct.pack("<IHH", kind, misc, 8 + len(body)) + bytes(body)


class Processes:
    """What processes have mapped: a list of (start, end, offset, path, whether it is code) each, without what was before
    the last exec."""

    def __init__(self):
        self.maps = collections.defaultdict(list)

    def take(self, kind, misc, record):
        pid, other = struct.unpack_from("<ii", record, 8)
        if kind == COMM and misc & IS_EXEC:
            self.maps[pid] = []
        if kind == FORK and pid != other:
            self.maps[pid] = list(self.maps[other])
        if kind in (MMAP, MMAP2):
            start, length, offset = struct.unpack_from("<QQQ", record, 16)
            path = record[72 if kind == MMAP2 else 40 :].split(b"\0")[0].decode(errors="replace")
            old = [part for one in self.maps[pid] for part in without(one, start, start + length)]
            is_code = misc & IS_DATA == 0 if kind == MMAP else word(record, 64) & EXECUTABLE
            self.maps[pid] = old + [(start, start + length, offset, path, bool(is_code))]


def word(data, at):
    return struct.unpack_from("<Q", data, at)[0]


def without(one, start, end):
    """What is left of a mapping beside another."""
    first, last, offset, *rest = one
    if last <= start or end <= first:
        return [one]
    left = [(first, start, offset, *rest)] if first < start else []
    return left + ([(end, last, offset + end - first, *rest)] if end < last else [])


def by_time(file):
    """The records with a time, in its order."""
    timed = [(file.time(kind, record), number, kind, misc, record)
             for number, (kind, misc, record) in enumerate(file.records()) if kind in (MMAP, COMM, FORK, SAMPLE, MMAP2)]
    return sorted(timed)


def choose(file, among):
    """A copy of the file's records with as many samples, each on a thread of its own; and the samples."""
    of_user = [number for number, (kind, _, record) in enumerate(file.records())
               if kind == SAMPLE and Sample(file, record).stack]
    chosen = set(random.sample(of_user, min(among, len(of_user))))
    records, samples = [], {}
    for number, (kind, _, record) in enumerate(file.records()):
        if kind != SAMPLE:
            records.append(record)
        elif number in chosen:
            sample = Sample(file, record)
            tid = FIRST_TID + len(samples)
            sample.name(tid)
            samples[tid] = sample
            records.append(bytes(sample.record))
    return records, samples


def folded(text):
    """Stacks by the tid that `choose` gave. Without what says that a stack goes on beyond what was recorded."""
    stacks = {}
    for line in text.splitlines():
        comm, _, stack = line.rpartition(" ")[0].partition(";")
        stacks[int(comm.lstrip(":"))] = stack.removeprefix("[unknown];")
    return stacks


def ours(tool, path):
    run = subprocess.run([tool, "-q", "--no-inline", path], stdout=subprocess.PIPE, text=True, errors="replace")
    return folded(run.stdout)


def of_perf(tool, path):
    script = subprocess.Popen(["perf", "script", "-f", "--no-inline", "--max-stack", "4096", "-i", path],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    run = subprocess.run([tool, "-q"], stdin=script.stdout, stdout=subprocess.PIPE, text=True, errors="replace")
    return folded(run.stdout)


def note(kind, body):
    return struct.pack("<III", 5, len(body), kind) + b"CORE\0\0\0\0" + body + b"\0" * (-len(body) % 4)


def registers_note(sample):
    values = [sample.registers.get(number, 0) for number in IN_CORE]
    return note(1, bytes(112) + struct.pack("<27Q", *values) + bytes(8))


def files_note(maps):
    places = b"".join(struct.pack("<QQQ", start, end, offset // PAGE) for start, end, offset, *_ in maps)
    names = b"".join(path.encode() + b"\0" for *_, path, _ in maps)
    return note(0x46494C45, struct.pack("<QQ", len(maps), PAGE) + places + names)


def write_core(path, sample, maps):
    """Writes a core file: the stack, and nothing else but the names of files in memory."""
    notes = registers_note(sample) + files_note(maps)
    loads = [(sample.registers[REGISTER_SP], sample.stack, len(sample.stack))]
    loads += [(start, b"", end - start) for start, end, *_ in maps]
    at = 64 + 56 * (1 + len(loads))
    head = b"\x7fELF\2\1\1" + bytes(9)
    head += struct.pack("<HHIQQQIHHHHHH", 4, 62, 1, 0, 64, 0, 0, 64, 56, 1 + len(loads), 0, 0, 0)
    head += struct.pack("<IIQQQQQQ", 4, 4, at, 0, 0, len(notes), len(notes), 4)
    at += len(notes)
    for address, content, size in loads:
        head += struct.pack("<IIQQQQQQ", 1, 5, at, address, 0, len(content), size, 1)
        at += len(content)
    open(path, "wb").write(head + notes + sample.stack)


def displacement(path, start, offset):
    """How far a file is from where it says it wants to be, told by its code at `offset`."""
    with open(path, "rb") as file:
        head = file.read(64)
    if not head.startswith(b"\x7fELF"):
        return None
    (table,) = struct.unpack_from("<Q", head, 32)
    size, count = struct.unpack_from("<HH", head, 54)
    with open(path, "rb") as file:
        file.seek(table)
        entries = file.read(size * count)
    for at in range(0, size * count, size):
        kind, flags, begin, address, _, length = struct.unpack_from("<IIQQQQ", entries, at)
        if kind == 1 and flags & 1 and begin // PAGE * PAGE <= offset < begin + length:
            return start - offset - address + begin
    return None


def ask(sample, maps, directory):
    """The addresses that gdb finds, as call chains have them, and why there are no more, if it says so."""
    core, vdso = os.path.join(directory, "core"), os.path.join(directory, "vdso")
    maps = [(start, end, offset if path != "[vdso]" else 0, vdso if path == "[vdso]" else path, is_code)
            for start, end, offset, path, is_code in maps]
    maps = [one for one in maps if os.path.isfile(one[3])]
    write_core(core, sample, maps)
    commands = ["set confirm off", "set backtrace past-main on", "set backtrace past-entry on", f"core-file {core}"]
    known = set()
    # Linkers also map libraries, to read them.
    for start, _, offset, path, is_code in sorted(maps):
        far = displacement(path, start, offset) if is_code and path not in known else None
        if far is not None:
            known.add(path)
            commands.append(f"add-symbol-file {path} -o {far}")
    commands.append(f"source {os.path.join(directory, 'frames.py')}")
    arguments = [part for command in commands for part in ("-ex", command)]
    run = subprocess.run(["gdb", "-nx", "-batch", "-iex", "set auto-load no", *arguments], capture_output=True, text=True)
    found, end = re.search("^frames (.*)$", run.stdout, re.M), re.search("^end (.*)$", run.stdout, re.M)
    return call_chain(found[1]) if found else [], end[1] if end else ""


def call_chain(text):
    addresses, in_call = [], False
    for frame in text.split(","):
        address, is_signal = frame.split()
        # For a call, the address is that of the next instruction, which may be in another function. Code
        # interrupted by a signal was not in a call, nor is the trampoline that handlers return to.
        is_signal = is_signal == "1"
        addresses.append(int(address, 16) - (in_call and not is_signal))
        in_call = not is_signal
    # gdb ends some stacks at an invalid address.
    while addresses and addresses[-1] < PAGE:
        addresses.pop()
    return addresses


def own_vdso():
    for line in open("/proc/self/maps"):
        if line.rstrip().endswith("[vdso]"):
            start, end = (int(part, 16) for part in line.split()[0].split("-"))
            with open("/proc/self/mem", "rb") as memory:
                memory.seek(start)
                return memory.read(end - start)
    return b""


def from_entry(stack):
    """A stack without what gdb takes for the callers of the loader's first function: the tables do not say that it has
    none, and what is there is the number of arguments."""
    return stack[stack.find(";_start;") + 1 :] if ";_start;" in stack else stack


def difference(mine, other):
    """In which way stacks differ."""
    if mine == other:
        return "same"
    if other and mine.endswith(";" + other):
        return "deeper than perf"
    if other.endswith(";" + mine):
        return "less deep than perf"
    if mine.count(";") == other.count(";"):
        return "other names"
    frames = iter(mine.split(";"))
    return "with more frames" if all(frame in frames for frame in other.split(";")) else "other"


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("file")
    parser.add_argument("tool")
    for flag, default in (("--among", 4000), ("--ask", 100), ("--seed", 1), ("--show", 0)):
        parser.add_argument(flag, type=int, default=default)
    parser.add_argument("--only", type=lambda tids: {int(tid) for tid in tids.split(",")})
    options = parser.parse_args()
    random.seed(options.seed)
    with tempfile.TemporaryDirectory() as directory:
        judge(options, directory)


def judge(options, directory):
    file = File(options.file)
    records, samples = choose(file, options.among)
    part, asked = os.path.join(directory, "part.data"), os.path.join(directory, "asked.data")
    open(os.path.join(directory, "frames.py"), "w").write(GDB)
    open(os.path.join(directory, "vdso"), "wb").write(own_vdso())
    file.write(part, records)
    mine, perfs = ours(options.tool, part), of_perf(options.tool, part)
    kinds = {tid: difference(mine.get(tid, ""), perfs.get(tid, "")) for tid in samples}
    differ = [tid for tid in samples if kinds[tid] != "same"]
    same = [tid for tid in samples if kinds[tid] == "same"]
    chosen = set(random.sample(differ, min(options.ask, len(differ))) + random.sample(same, min(options.ask, len(same))))
    chosen &= options.only or chosen
    gdbs, ends = ask_all(File(part), chosen, directory)
    samples_asked = [samples[tid].with_chain(chain) for tid, chain in gdbs.items()]
    file.write(asked, [record for kind, _, record in file.records() if kind != SAMPLE] + samples_asked)
    print(f"{len(samples)} samples:", dict(collections.Counter(kinds.values())))
    report(options, kinds, mine, perfs, ours(options.tool, asked), ends)


def ask_all(file, chosen, directory):
    processes, gdbs, ends = Processes(), {}, {}
    for _, _, kind, misc, record in by_time(file):
        if kind != SAMPLE:
            processes.take(kind, misc, record)
            continue
        sample = Sample(file, record)
        (tid,) = struct.unpack_from("<i", record, sample.ids + 4)
        if tid in chosen:
            gdbs[tid], ends[tid] = ask(sample, processes.maps[sample.pid], directory)
    return gdbs, ends


def report(options, kinds, mine, perfs, gdbs, ends):
    verdicts = collections.defaultdict(collections.Counter)
    shown = 0
    for tid, gdb in gdbs.items():
        gdb = from_entry(gdb)
        agrees = [name for name, stacks in (("ours", mine), ("perf", perfs)) if stacks.get(tid) == gdb]
        verdicts[kinds[tid]][" and ".join(agrees) or "neither"] += 1
        if "ours" not in agrees and shown < options.show:
            shown += 1
            print(f"\n{kinds[tid]}, tid {tid}\n ours {mine.get(tid)}\n perf {perfs.get(tid)}\n gdb  {gdb}\n {ends[tid]}")
    for kind, counts in sorted(verdicts.items()):
        print(f"{kind}: gdb agrees with", dict(counts))


main()

"""Makes arm.data, a recording of the program arm.c on AArch64 such as `perf record --call-graph dwarf` writes, and
arm.folded, what it has to fold to. Run by gdb, in which the program runs from its first instruction on:

    ARM_PORT=PORT ARM_DATA=DIRECTORY gdb-multiarch -nx -batch -x arm.py PROGRAM

where an emulator waits at that port (`qemu-aarch64 -g PORT PROGRAM`).

After each instruction there is a sample. What is right is not told by an unwinder: calls and returns are counted.
"""
import collections
import os
import struct

import gdb

MMAP, COMM, SAMPLE = 1, 3, 9
ARCH_FEATURE, OPTIONS = 6, 1 << 18
IP, TID, TIME, CALLCHAIN, PERIOD, REGS, STACK = 1, 2, 4, 1 << 5, 1 << 8, 1 << 12, 1 << 13
REGISTERS = [f"x{number}" for number in range(31)] + ["sp", "pc"]
PATH, PID, PERIOD_OF_EACH = "/opt/demo/arm", 5, 7


def words(*numbers):
    return struct.pack(f"<{len(numbers)}Q", *numbers)


def value(register):
    return int(gdb.parse_and_eval(f"(unsigned long)${register}"))


def record(kind, misc, body):
    return struct.pack("<IHH", kind, misc, 8 + len(body)) + body


def text(name):
    return name.encode() + b"\0" * (8 - len(name) % 8)


def sample(top, time):
    registers = [value(register) for register in REGISTERS]
    stack = bytes(gdb.selected_inferior().read_memory(registers[31], top - registers[31] + 16))
    body = words(registers[32]) + struct.pack("<ii", PID, PID) + words(time, PERIOD_OF_EACH, 0)
    body += words(2, *registers, len(stack)) + stack + words(len(stack))
    return record(SAMPLE, 2, body)


def step(stack):
    """Makes a step, and does to the stack what the instruction does."""
    instruction = gdb.selected_frame().architecture().disassemble(value("pc"))[0]["asm"].split()[0]
    if instruction == "svc":
        return False
    gdb.execute("stepi", to_string=True)
    if instruction == "bl":
        stack.append(gdb.selected_frame().name())
    if instruction == "ret":
        stack.pop()
    return True


def records():
    trailer = struct.pack("<ii", PID, PID) + words(1)
    yield record(COMM, 0, struct.pack("<ii", PID, PID) + text("arm") + trailer), None
    for line in gdb.execute("info files", to_string=True).splitlines():
        if line.endswith(" is .text"):
            start = int(line.split()[0], 16) & ~0xFFFF
    yield record(MMAP, 2, struct.pack("<ii", PID, PID) + words(start, 0x10000, 0) + text(PATH) + trailer), None
    stack, top, time = [gdb.selected_frame().name()], value("sp"), 2
    while True:
        yield sample(top, time), ";".join(["arm", *stack])
        time += 1
        if not step(stack):
            return


def header(events, size):
    at = 104 + len(events)
    sections = words(104, len(events), 104, len(events), at, size, 0, 0)
    return b"PERFILE2" + sections + words(1 << ARCH_FEATURE, 0, 0, 0)


def main():
    gdb.execute(f"target remote localhost:{os.environ['ARM_PORT']}")
    made, expected = [], collections.Counter()
    for one, stack in records():
        made.append(one)
        if stack:
            expected[stack] += PERIOD_OF_EACH
    kind = IP | TID | TIME | CALLCHAIN | PERIOD | REGS | STACK
    event = struct.pack("<II", 1, 96) + words(0, 1, kind, 0, OPTIONS, 0, 0, 0, 0, (1 << len(REGISTERS)) - 1)
    event += struct.pack("<II", 512, 0) + words(0, 0)
    body = b"".join(made)
    arch = struct.pack("<I", 64) + b"aarch64".ljust(64, b"\0")
    behind = 104 + len(event) + len(body) + 16
    with open(os.path.join(os.environ["ARM_DATA"], "arm.data"), "wb") as file:
        file.write(header(event, len(body)) + event + body + words(behind, len(arch)) + arch)
    with open(os.path.join(os.environ["ARM_DATA"], "arm.folded"), "w") as file:
        file.writelines(f"{stack} {count}\n" for stack, count in sorted(expected.items()))


main()

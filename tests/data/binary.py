#!/usr/bin/env python3
"""Makes the small binary profiles of these directories: pprof, otlp, simpleperf, gperftools, austin,
jfr, nettrace."""
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
    # Starting with the leaf; the first location has an inlined function.
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


def pprof_of_two():
    """What `pprof -diff_base -proto` writes: the samples of the base have a label, and are below zero."""
    strings = ["", "cpu", "nanoseconds", "main", "knead", "pprof::base", "true"]
    base = (3, message((1, 5), (2, 6)))
    samples = [
        (2, message((1, 1), (2, -7 & 2**64 - 1), base)),
        (2, message((1, 1), (2, 9))),
        (2, message((1, b"\x02\x01"), (2, 4))),
        (2, message((1, b"\x02\x01"), (2, -5 & 2**64 - 1), base)),
    ]
    locations = [(4, message((1, i), (4, message((1, i))))) for i in (1, 2)]
    functions = [(5, message((1, i), (2, name))) for i, name in [(1, 3), (2, 4)]]
    table = [(6, string.encode()) for string in strings]
    return message((1, message((1, 1), (2, 2))), *samples, *locations, *functions, *table)


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


def old_otlp():
    """A profile that has its tables in itself."""
    profile = message((1, message((1, 1), (2, 2))), (2, message((1, 1))), (3, message((2, 4096))))
    return message((1, message((2, message((2, profile))))))


def simpleperf(leaf=1):
    def entry(symbol):
        return message((1, 4096), (2, 0), (3, symbol))

    records = [
        message((1, message((1, 1), (2, 72), (3, entry(leaf)), (3, entry(0)), (4, 250), (5, 0)))),
        message((3, message((1, 0), (2, b"/srv/bakery/libloaf.so"), (3, b"main"), (3, b"heat")))),
        message((4, message((1, 72), (2, 71), (3, b"oven")))),
        message((5, message((1, b"cpu-clock")))),
    ]
    out = b"SIMPLEPERF" + struct.pack("<H", 1)
    for record in records:
        out += struct.pack("<I", len(record)) + record
    return out + struct.pack("<I", 0)


def gperftools(samples=(4, 2, 0x1101, 0x5201)):
    words = [0, 3, 0, 10000, 0, *samples, 0, 1, 0]
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


class Jfr:
    """A chunk of JFR: its classes, constants and events."""

    CLASSES = {
        20: ("long", []),
        21: ("boolean", []),
        22: ("java.lang.String", []),
        23: ("java.lang.Class", [("name", 24, "pool")]),
        24: ("jdk.types.Symbol", [("string", 22, "")]),
        25: ("jdk.types.Method", [("type", 23, "pool"), ("name", 24, "pool")]),
        26: ("jdk.types.FrameType", [("description", 22, "")]),
        27: ("jdk.types.StackFrame", [("method", 25, "pool"), ("lineNumber", 20, ""), ("type", 26, "pool")]),
        28: ("jdk.types.StackTrace", [("truncated", 21, ""), ("frames", 27, "array")]),
        101: ("jdk.ExecutionSample", [("startTime", 20, ""), ("stackTrace", 28, "pool")]),
        102: ("profiler.Malloc", [("startTime", 20, ""), ("stackTrace", 28, "pool"), ("size", 20, "")]),
        103: ("jdk.ObjectAllocationSample", [("startTime", 20, ""), ("stackTrace", 28, "pool"), ("weight", 20, "")]),
        104: ("jdk.ObjectAllocationInNewTLAB", [("startTime", 20, ""), ("stackTrace", 28, "pool"), ("tlabSize", 20, "")]),
        # The pools are empty: the stack is in the event.
        105: ("bakery.Bell", [("startTime", 20, ""), ("stackTrace", 28, "")]),
    }
    SYMBOLS = ["bakery/Oven", "bake", "heat", "bakery/Bell$$Lambda+0x00007f0012345678/1234", "ring"]
    METHODS = [(1, 2), (1, 3), (4, 5)]
    STACKS = [[2, 1], [3, 1]]

    def text(self, string):
        return b"\x03" + varint(len(string)) + string.encode()

    def sized(self, body):
        """An event, whose size counts itself."""
        return varint(len(body) + 1) + body if len(body) < 127 else varint(len(body) + 2) + body

    def metadata(self):
        strings = []

        def index(string):
            if string not in strings:
                strings.append(string)
            return varint(strings.index(string))

        def element(name, attributes, children):
            out = index(name) + varint(len(attributes))
            for key, value in attributes:
                out += index(key) + index(str(value))
            return out + varint(len(children)) + b"".join(children)

        classes = []
        for number, (name, fields) in self.CLASSES.items():
            inside = []
            for field_name, kind, how in fields:
                attributes = [("name", field_name), ("class", kind)]
                attributes += [("constantPool", "true")] if how == "pool" else []
                attributes += [("dimension", "1")] if how == "array" else []
                inside.append(element("field", attributes, []))
            classes.append(element("class", [("id", number), ("name", name)], inside))
        tree = element("root", [], [element("metadata", [], classes)])
        table = b"".join(self.text(string) for string in strings)
        return self.sized(b"\0\0\0\0" + varint(len(strings)) + table + tree)

    def frame(self, method):
        return varint(method) + varint(7) + varint(1)

    def stack(self, methods):
        return b"\0" + varint(len(methods)) + b"".join(self.frame(method) for method in methods)

    def checkpoint(self, delta):
        pools = [
            (24, [self.text(symbol) for symbol in self.SYMBOLS]),
            (23, [varint(number) for number in range(1, len(self.SYMBOLS) + 1)]),
            (25, [varint(kind) + varint(name) for kind, name in self.METHODS]),
            (26, [self.text("Interpreted")]),
            (28, [self.stack(methods) for methods in self.STACKS]),
        ]
        out = b"\x01\0\0" + varint(delta) + b"\x01" + varint(len(pools))
        for number, values in pools:
            out += varint(number) + varint(len(values))
            out += b"".join(varint(key) + value for key, value in enumerate(values, 1))
        return self.sized(out)

    def chunk(self, events, delta=0, ended=True):
        body = b"".join(self.sized(varint(kind) + b"\0" + rest) for kind, rest in events)
        constants = 68 + len(body)
        checkpoint = self.checkpoint(delta)
        metadata = constants + len(checkpoint)
        body += checkpoint + self.metadata()
        places = (constants, metadata) if ended else (0, 0)
        header = struct.pack(">4sHHqqqqqqqI", b"FLR\0", 2, 1, 68 + len(body), *places, 0, 0, 0, 10**9, 1)
        return header + body


class JfrWithClasses(Jfr):
    CLASSES = {
        **Jfr.CLASSES,
        106: (
            "jdk.ObjectAllocationOutsideTLAB",
            [("startTime", 20, ""), ("stackTrace", 28, "pool"), ("objectClass", 23, "pool"), ("allocationSize", 20, "")],
        ),
    }


def jfr():
    jfr = Jfr()
    one, other = b"\x01", b"\x02"
    samples = [(101, one), (101, one), (101, other)]
    write("jfr/lambda.jfr", jfr.chunk(samples))
    allocations = [(102, one + varint(4096)), (102, other + varint(64))]
    write("jfr/malloc.jfr", jfr.chunk(allocations))
    write("jfr/malloc-size.jfr", jfr.chunk(allocations))
    both = [(103, one + varint(500)), (104, one + varint(700)), (103, other + varint(30))]
    write("jfr/both-allocations.jfr", jfr.chunk(both))
    outside = [(104, one + varint(100)), (106, other + one + varint(70))]
    write("jfr/allocated-classes.jfr", JfrWithClasses().chunk(outside))
    write("jfr/all-allocations.jfr", JfrWithClasses().chunk(outside + both))
    write("jfr/inline-stacks.jfr", jfr.chunk([(105, jfr.stack([2, 1])), (105, jfr.stack([3]))]))
    write("jfr/unfinished.jfr", jfr.chunk(samples) + jfr.chunk(samples, ended=False))
    write("jfr/cut-in-magic.jfr", jfr.chunk(samples) + b"FL")
    write("jfr/circle-of-checkpoints.jfr", jfr.chunk(samples, delta=3))
    whole = jfr.chunk(samples)
    write("jfr/event-without-size.jfr", whole[:72] + b"\0" + whole[73:])


def utf16(text):
    return text.encode("utf-16-le") + b"\0\0"


def method(start, size, namespace, name):
    return struct.pack("<QQQIII", 1, 2, start, size, 0, 0) + utf16(namespace) + utf16(name) + utf16("void ()") + b"\1\0"


def event(kind, stack, payload):
    """With its kind, capture thread, thread, stack and size."""
    thread = varint(1) + varint(71) + varint(0) + varint(71)
    return bytes([1 | 2 | 4 | 8 | 128]) + varint(kind) + thread + varint(stack) + varint(10) + varint(len(payload)) + payload


def event_block(events):
    return struct.pack("<HHQQ", 20, 1, 0, 0) + b"".join(events)


def stack_block(stacks):
    packed = [struct.pack("<%dQ" % len(stack), *stack) for stack in stacks]
    return struct.pack("<II", 1, len(packed)) + b"".join(struct.pack("<I", len(it)) + it for it in packed)


STACKS = [[0x1010, 0x2020], [0x9000, 0x2020], []]
METHODS = [method(0x1000, 0x100, "Bakery.Dough", "Knead"), method(0x2000, 0x100, "", "Main")]


def nettrace(stacks=STACKS):
    metadata = lambda kind, provider, number: event(
        0, 0, struct.pack("<I", kind) + utf16(provider) + struct.pack("<I", number) + utf16("") + b"\0" * 20
    )
    samples = [event(1, stack, struct.pack("<I", code)) for stack, code in [(1, 2), (1, 2), (2, 1), (3, 2)]]
    blocks = [
        ("MetadataBlock", event_block([
            metadata(1, "Microsoft-DotNETCore-SampleProfiler", 0),
            metadata(2, "Microsoft-Windows-DotNETRuntimeRundown", 144),
        ])),
        ("StackBlock", stack_block(stacks)),
        ("EventBlock", event_block(samples)),
        ("SPBlock", b"\0" * 12),
        ("EventBlock", event_block([event(2, 0, it) for it in METHODS])),
    ]
    name = lambda text: struct.pack("<I", len(text)) + text.encode()
    start = lambda kind: b"\5\5\1" + struct.pack("<II", 4, 4) + name(kind) + b"\6"
    out = b"Nettrace" + name("!FastSerialization.1")
    out += start("Trace") + b"\0" * 24 + struct.pack("<Q", 1000) + struct.pack("<IIII", 8, 71, 2, 0) + b"\6"
    for kind, block in blocks:
        out += start(kind) + struct.pack("<I", len(block))
        out += b"\0" * (-len(out) % 4) + block + b"\6"
    return out + b"\1"


def nettrace_6():
    text = lambda value: varint(len(value)) + value.encode()
    short = lambda value: struct.pack("<H", len(value)) + value.encode()
    row = lambda content: struct.pack("<H", len(content)) + content
    metadata = lambda kind, provider, name: row(varint(kind) + text(provider) + varint(0) + text(name) + b"\0\0\0\0")
    numbers = lambda *values: b"".join(map(varint, values))
    blocks = [
        (1, b"\0" * 32 + struct.pack("<II", 8, 0)),
        (6, row(varint(71) + b"\x01" + text("oven") + b"\x02" + varint(70))),
        (3, b"\0\0" + metadata(1, "Universal.Events", "cpu") + metadata(2, "Universal.System", "ProcessMapping")
            + metadata(3, "Universal.System", "ProcessSymbol")),
        (5, stack_block(STACKS)),
        (2, event_block([event(1, 1, varint(3)), event(1, 2, varint(1))])),
        (9, b"what later versions add"),
        (2, event_block([
            event(2, 0, numbers(5, 70, 0x1000, 0xA000, 0) + short("/srv/bakery/oven")),
            event(3, 0, numbers(1, 5, 0x1000, 0x1100) + short("knead")),
            event(3, 0, numbers(2, 5, 0x2000, 0x2100) + short("main")),
        ])),
        (0, b""),
    ]
    out = b"Nettrace" + struct.pack("<III", 0, 6, 0)
    return out + b"".join(struct.pack("<I", kind << 24 | len(block)) + block for kind, block in blocks)


write("pprof/cpu.pb", pprof())
write("pprof/base.pb", pprof_of_two())
write("pprof/default-type.pb", pprof() + message((14, 1)))
write("pprof/time-first.pb", message((9, 1700000000000000000)) + pprof())
write("otlp/cpu.pb", otlp())
write("otlp/before-1-6.pb", old_otlp())
write("simpleperf/cpu.proto", simpleperf())
write("simpleperf/symbol-not-there.proto", simpleperf(leaf=7))
write("gperftools/cpu.prof", gperftools())
write("gperftools/repeated-leaf.prof", gperftools((4, 3, 0x1101, 0x1101, 0x5201, 2, 1, 0x1101)))
write("gperftools/cut-cpu.prof", gperftools((4, 2, 0x1101, 0x5201, 2, 1, 0x1101))[:92])
write("austin/binary.mojo", mojo())
jfr()
write("nettrace/samples.nettrace", nettrace())
# Calls at the end of functions, which return to the next one.
write("nettrace/last-calls.nettrace", nettrace([[0x1010, 0x2100], [0x10FF, 0x2100], [0x1000]]))
write("nettrace/universal.nettrace", nettrace_6())

"""Copies a perf.data file without the names of the machine: host, kernel version, processor, command line."""
import re
import struct
import sys

FEATURES = {3: b"devbox", 4: b"6.1.0-amd64", 5: b"6.1", 7: None, 8: b"cpu", 9: b"cpu", 11: None, 13: None, 14: None}


def neutral(feature, body):
    """A feature of the same length that says nothing of the machine."""
    if feature not in FEATURES:
        return body
    text = FEATURES[feature]
    if text is None:
        return bytes(len(body))
    return body[:4] + text[: len(body) - 5].ljust(len(body) - 4, b"\0")


def file(data):
    offset, size = struct.unpack_from("<QQ", data, 40)
    bits = int.from_bytes(data[72:104], "little")
    at = offset + size
    for feature in (bit for bit in range(256) if bits >> bit & 1):
        start, length = struct.unpack_from("<QQ", data, at)
        data[start : start + length] = neutral(feature, bytes(data[start : start + length]))
        at += 16
    return data


def pipe(data):
    at = 16
    while at + 8 <= len(data):
        kind, _, size = struct.unpack_from("<IHH", data, at)
        if kind == 80:
            (feature,) = struct.unpack_from("<Q", data, at + 8)
            data[at + 16 : at + size] = neutral(feature, bytes(data[at + 16 : at + size]))
        at += size
        if kind == 66:  # Tracing data is behind its record.
            at += struct.unpack_from("<I", data, at - size + 8)[0] + 7 & ~7
    return data


source, target = sys.argv[1:]
content = bytearray(open(source, "rb").read())
is_pipe = struct.unpack_from("<Q", content, 8)[0] == 16
content = (pipe if is_pipe else file)(content)
open(target, "wb").write(content)
for word in set(re.findall(rb"[ -~]{6,}", bytes(content))):
    if not word.startswith((b"/opt/demo", b"[", b"PERFILE")):
        print(f"{target}: {word.decode()}", file=sys.stderr)

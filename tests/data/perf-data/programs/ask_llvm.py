"""Compares the inlined calls of a perf.data file of `perf record --call-graph dwarf` with those of perf.

    ask_llvm.py perf.data INFERNO_COLLAPSE_PERF

`perf script` asks the program `addr2line` what was inlined where. That of binutils calls a C++ function without a name for
the linker as the function it was inlined into. So perf runs twice: with the `addr2line` there is, and with this script in
its place, which answers for all but system libraries what `llvm-symbolizer` says.

Needs perf, llvm-symbolizer, and the programs that were recorded. It is run by hand: docs/DIFFERENCES.md has what came out.
"""
import collections
import os
import subprocess
import sys
import tempfile

SYSTEM = ("/usr/lib/", "/lib/")
# The text that perf 6.1 sends after an address, and the answer by which it recognizes the end of the previous
# one.
END, NOTHING = ",", "??\n??:0\n"
STAND_IN = "--stand-in"


def main():
    if sys.argv[1] == STAND_IN:
        stand_in(sys.argv[2:])
    recording, collapse = sys.argv[1:]
    ours = folded(run(collapse, "-q", recording))
    with tempfile.TemporaryDirectory() as directory:
        program = os.path.join(directory, "addr2line")
        with open(program, "w", opener=lambda path, flags: os.open(path, flags, 0o755)) as file:
            file.write(f'#!/bin/sh\nexec {sys.executable} {os.path.abspath(__file__)} {STAND_IN} "$@"\n')
        path = directory + os.pathsep + os.environ["PATH"]
        for name, environ in ("addr2line", {}), ("llvm-symbolizer", {"PATH": path}):
            text = run("perf", "script", "--max-stack", "4096", "-i", recording, **environ)
            theirs = folded(run(collapse, "-q", "-", text=text))
            same = sum((ours & theirs).values())
            print(f"{100 * same / sum(theirs.values()):.2f}% of the weight as perf with {name}")


def run(*command, text=None, **environ):
    environ = {**os.environ, **environ}
    return subprocess.run(command, input=text, env=environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout


def folded(text):
    stacks = collections.Counter()
    for line in text.splitlines():
        stack, _, count = line.rpartition(b" ")
        stacks[stack] += int(count)
    return stacks


def stand_in(arguments):
    """Answers as `addr2line -e FILE -i -f` does."""
    file = arguments[arguments.index("-e") + 1]
    # perf's cache stores the path of a file in the path of its copy.
    real = os.path.realpath(file)
    if any(directory in real for directory in SYSTEM):
        os.execv("/usr/bin/addr2line", ["addr2line", *arguments])
    for line in sys.stdin:
        address = line.strip()
        print(NOTHING if address == END else symbolize(file, address), end="", flush=True)
    sys.exit()


def symbolize(file, address):
    command = ["llvm-symbolizer", "-i", "--functions=linkage", "--no-demangle", "-e", file, "0x" + address]
    lines = run(*command).decode().strip().splitlines()
    # In `FILE:LINE:COLUMN`, addr2line omits the column.
    places = (place.rsplit(":", 1)[0] for place in lines[1::2])
    return "".join(f"{function}\n{place}\n" for function, place in zip(lines[::2], places))


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Tests profiles.py with the `inferno` given as the argument: python3 contrib/spark/test.py target/release/inferno

Each result must be what one `inferno collapse` or `inferno diff` of the same files writes, byte for byte.
"""
import collections
import contextlib
import glob
import gzip
import io
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.dont_write_bytecode = True
import profiles
from pyspark.errors import AnalysisException

HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.path.join(HERE, "../../tests/data")
INFERNO = os.path.abspath(sys.argv.pop(1))
SETTINGS = {
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.master": "local[2]",
    "spark.log.level": "WARN",
    "spark.sql.shuffle.partitions": "4",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}

# The first call waits until the executor that made it is gone.
WAITING = """#!/bin/sh
if mkdir '{folder}/begun' 2>/dev/null; then
    pid=$$ comm=
    while [ "$comm" != '(java)' ]; do read -r executor comm _ pid _ < "/proc/$pid/stat"; done
    echo "$executor" > '{folder}/executor.new'
    mv '{folder}/executor.new' '{folder}/executor'
    while [ ! -e '{folder}/killed' ]; do sleep 0.1; done
fi
exec '{inferno}' "$@"
"""


# Profiles with known stacks.


def perf_script(stacks):
    event = "prog 7 1.000001: {} cpu-clock: \n{}\n"
    frame = "\t1139 {}+0x19 (/usr/bin/prog)\n"
    frames = lambda stack: "".join(frame.format(name) for name in reversed(stack.split(";")[1:]))
    return "".join(event.format(count, frames(stack)) for stack, count in stacks.items()).encode()


def folded(stacks):
    return b"".join(b"%s %s\n" % (stack.encode("latin-1"), str(count).encode()) for stack, count in stacks.items())


def pprof(stacks):
    strings = ["", "cpu", "nanoseconds", *sorted({name for stack in stacks for name in stack.split(";")})]
    numbers = range(3, len(strings))
    ids = lambda stack: b"".join(varint(strings.index(name)) for name in reversed(stack.split(";")))
    return message(
        (1, message((1, 1), (2, 2))), *((2, message((1, ids(stack)), (2, count))) for stack, count in stacks.items()),
        *((4, message((1, number), (4, message((1, number))))) for number in numbers),
        *((5, message((1, number), (2, number))) for number in numbers), *((6, text.encode()) for text in strings))


def message(*fields):
    return b"".join(field(*pair) for pair in fields)


def field(tag, value):
    if isinstance(value, int):
        return varint(tag << 3) + varint(value)
    return varint(tag << 3 | 2) + varint(len(value)) + value


def varint(number):
    return bytes([number & 127 | 128]) + varint(number >> 7) if number > 127 else bytes([number])


def random_stacks(dice):
    """All stacks start with prog, as perf names the process."""
    stacks = collections.Counter()
    for _ in range(20):
        names = (f"function_{dice.randrange(30)}" for _ in range(dice.randrange(1, 6)))
        stacks[";".join(["prog", *names])] += dice.randrange(1, 10**6)
    return stacks


class Shards:
    """A folder with 200 profiles."""

    def __init__(self, folder):
        self.folder = folder
        self.dice = random.Random(28)
        self.good, self.damaged = [], {}
        self.truth = collections.Counter()
        self.add_generated()
        self.add_recorded()
        self.add_damaged()

    def add(self, path, content):
        path = os.path.join(self.folder, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)
        self.good.append(path)

    def add_generated(self):
        for number in range(120):
            stacks = random_stacks(self.dice)
            self.truth += stacks
            kind, write = [("perf", perf_script), ("folded", folded), ("pb", pprof)][number % 3]
            content = write(stacks)
            content, kind = (gzip.compress(content), f"{kind}.gz") if number % 4 == 0 else (content, kind)
            version, host = 1 + number % 2, number % 5
            minute = f"2026-11-30T{number // 60:02}-{number % 60:02}"
            self.add(f"service=made/version={version}/host=h{host}/{minute}.{kind}", content)

    def add_recorded(self):
        names = ["perf/cpp.txt", "perf/hand-not-utf-8.txt", "perf/multi.txt", "perf/java.txt.gz", "perf-data/fp.data",
                 "perf-data/events.data", "perf-data/compressed.data", "jfr/bakery.jfr.gz", "jfr/unfinished.jfr",
                 "pprof/cpu.pb", "pprof/labels.pb", "speedscope/sampled.json", None]
        odd = b'a;b 0\n 3\na;c 0.000000001\n"a\\;b\tc 4611686018427387905\n'
        for number, name in enumerate(3 * names):
            content = read(f"{DATA}/{name}") if name else odd
            # A space and a percent sign in the path.
            self.add(f"service=re%20corded/host=a b/20261201-{number:04}-{os.path.basename(name or 'odd')}", content)

    def add_damaged(self):
        jfr = gzip.decompress(read(f"{DATA}/jfr/bakery.jfr.gz"))
        data = read(f"{DATA}/perf-data/fp.data")
        text = gzip.compress(read(f"{DATA}/perf/cpp.txt"))
        for number in range(200 - len(self.good) - 1):
            content, message = [
                (b"", "the file is empty or cannot be read"),
                (self.dice.randbytes(5000), "unrecognized format"),
                (jfr[:3000], "the first chunk is truncated [offset 0]"),
                (data[:60], "the file ends in its header"),
                (text[:15], "the gzip data is truncated"),
                (b"main;parse 3 5\nmain;draw 4 4\n", "compares two profiles"),
            ][number % 6]
            self.add(f"service=made/version=3/host=h9/{number}", content)
            self.damaged[self.good.pop()] = message
        # Most of it can be read, and a warning says so.
        self.cut = "service=cut/2026-12-02T00:00:00Z.gz"
        self.add(self.cut, text[:-100])

    def of(self, part):
        return [path for path in self.good if re.search(part, path)]


def collapse(paths):
    return subprocess.run([INFERNO, "collapse", "-q", *paths], check=True, capture_output=True).stdout


def text(folder):
    """The lines of a result."""
    return b"".join(map(read, parts(folder)))


def parts(folder):
    return sorted(glob.glob(f"{folder}/part-*"))


def read(path):
    with open(path, "rb") as file:
        return file.read()


class Test(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        temporary = tempfile.TemporaryDirectory(prefix="inferno spark ")
        cls.addClassCleanup(temporary.cleanup)
        cls.root = temporary.name
        cls.shards = Shards(f"{cls.root}/shards")
        assert len(cls.shards.good) + len(cls.shards.damaged) == 200
        os.chdir(cls.root)
        cls.spark = profiles.session("test", SETTINGS)
        cls.addClassCleanup(cls.spark.stop)
        cls.spark.sparkContext.addFile(INFERNO)
        cls.spark.sparkContext.addPyFile(profiles.__file__)
        cls.report = cls.run_job("fold", "shards", "--to", "table")

    @classmethod
    def run_job(cls, *words):
        """Runs a command in this process, which is faster than to start another one, and returns its messages."""
        args = profiles.arguments(words)
        with contextlib.redirect_stderr(io.StringIO()) as messages:
            args.run(cls.spark, args)
        return messages.getvalue()

    def rows(self, kind):
        return profiles.read_tables(self.spark, "table").where(f"kind = '{kind}'")

    def test_all_profiles_are_added_up(self):
        self.run_job("sum", "table", "--to", "all")
        self.assertEqual(text("all/folded"), collapse(self.shards.good))

    def test_generated_profiles_have_the_stacks_that_they_were_made_of(self):
        self.run_job("sum", "table", "--to", "made", "--where", "service = 'made'")
        lines = sorted(folded(self.shards.truth).splitlines())
        self.assertEqual(text("made/folded").splitlines(), lines)
        command = [INFERNO, "flamegraph", "-q", *parts("made/folded")]
        self.assertIn(b"function_29", subprocess.run(command, check=True, capture_output=True).stdout)

    def test_each_group_is_what_its_files_add_up_to(self):
        self.run_job("sum", "table", "--to", "versions", "--by", "version")
        self.run_job("sum", "table", "--to", "hours", "--by", "service,hour", "--where", "version is not null")
        for folder, part in [
            ("versions/folded/version=1", "version=1"),
            ("versions/folded/version=2", "version=2"),
            ("versions/folded/version=__HIVE_DEFAULT_PARTITION__", "service=[^m]"),
            ("hours/folded/service=made/hour=2026-11-30T00", "service=made.*T00-"),
            ("hours/folded/service=made/hour=2026-11-30T01", "service=made.*T01-"),
        ]:
            self.assertEqual(text(folder), collapse(self.shards.of(part)), folder)
        self.assertEqual(len(os.listdir("versions/sum")), len(["_SUCCESS", 1, 2, None]))

    def test_two_folders_of_profiles_are_compared(self):
        sides = [f"shards/service=made/version={version}" for version in (1, 2)]
        self.run_job("diff", *sides, "--to", "diff")
        for side, version in zip(sides, "12"):
            with open(f"{version}.folded", "wb") as file:
                file.write(collapse(self.shards.of(side)))
        expected = subprocess.run([INFERNO, "diff", "1.folded", "2.folded"], check=True, capture_output=True).stdout
        self.assertEqual(text("diff/folded"), expected)
        with self.assertRaisesRegex(AnalysisException, "already exists"):
            self.run_job("diff", *sides, "--to", "diff")
        # The same, of one table.
        self.run_job("diff", "table", "--before", "version = '1'", "--after", "version = '2'", "--to", "diff-of-table")
        self.assertEqual(text("diff-of-table/folded"), expected)

    def test_each_damaged_file_is_rejected_with_a_reason(self):
        rejects = {row.path: row.message for row in self.rows("rejects").collect()}
        self.assertEqual(set(rejects), {f"file:{path}" for path in self.shards.damaged})
        for path, message in self.shards.damaged.items():
            self.assertIn(message, rejects[f"file:{path}"])
        self.assertIn(f" 200 files: {len(self.shards.good)} folded, to ", self.report)

    def test_warnings_about_a_file_are_kept(self):
        cut = self.rows("files").where("service = 'cut'").first()
        self.assertIn("the gzip data is truncated; its complete lines are read\n", cut.message)

    def test_service_host_and_time_are_those_of_the_path(self):
        row = self.rows("files").where("path like '%0004-fp.data'").first()
        self.assertEqual((row.service, row.version, row.host, row.event, row.unit),
                         ("re corded", None, "a b", "cpu-clock", "nanoseconds"))
        self.assertEqual(str(row.day), "2026-12-01")
        for name, time in [
            ("2026-12-01T23:59:58Z.perf", "2026-12-01T23:59:58"),
            ("20261201-2359.jfr", "2026-12-01T23:59:00"),
            ("2026-13-01T00:00.perf", None),
            ("cpu.pb.gz", None),
        ]:
            self.assertEqual(profiles.time_of(name), time)

    def test_large_counts_are_divided_exactly(self):
        os.mkdir("large")
        for name in "ab":
            with open(f"large/{name}", "w") as file:
                file.write("main;parse 18446744073709551615\nmain;draw 0.000000001\nmain;read 1000000000\n")
        with self.assertRaisesRegex(profiles.Inexact, "a total of 36893488149419103230.000000002 / 1 is more"):
            self.run_job("sum", "large", "--to", "too-large")
        self.run_job("sum", "large", "--to", "seconds", "--divide", "1000000000")
        self.assertEqual(text("seconds/folded"), b"main;draw 0\nmain;parse 36893488147.41910323\nmain;read 2\n")

    def test_lost_files_and_counts_are_noticed(self):
        os.makedirs("some")
        for name in "abc":
            with open(f"some/{name}", "w") as file:
                file.write("main;parse 3\n")
        files = profiles.list_files(self.spark, ["some"])
        files.count()
        os.remove("some/b")
        profiles.write_table(self.spark, files, "lossy", [])
        with contextlib.redirect_stderr(io.StringIO()) as messages:
            profiles.complete(self.spark, files, "lossy")
        self.assertIn(" 3 files: 2 folded, to 2 stacks with a count of 6; 1 rejected\n", messages.getvalue())
        rows = profiles.read_tables(self.spark, "lossy").where("kind = 'rejects'").collect()
        self.assertEqual([row.message for row in rows], ["the file is empty or cannot be read"])

        path = glob.glob("lossy/kind=stacks/*/*/*.parquet")[0]
        os.remove(path)
        with self.assertRaisesRegex(profiles.Inexact, "count: read 6, but wrote"):
            profiles.complete(self.spark, files, "lossy")

    def test_a_killed_executor_changes_nothing(self):
        with open("inferno", "w") as file:
            file.write(WAITING.format(folder=self.root, inferno=INFERNO))
        with open("log", "w") as log:
            job = submit(log, "local-cluster[2,1,1024]", "inferno", "sum", "shards", "--to", "killed-cluster")
        while not os.path.exists("executor") and job.poll() is None:
            time.sleep(0.1)
        if os.path.exists("executor"):
            os.kill(int(read("executor")), signal.SIGKILL)
        os.mkdir("killed")
        job.wait()
        log = read("log").decode()
        self.assertEqual(job.returncode, 0, log)
        self.assertIn("Lost executor", log)
        self.assertEqual(text("killed-cluster/folded"), collapse(self.shards.good))
        self.assertIn(f"200 files: {len(self.shards.good)} folded, to ", log)


def submit(log, master, program, *words):
    settings = [word for name, value in SETTINGS.items() for word in ("--conf", f"{name}={value}")]
    tool = os.path.join(os.path.dirname(sys.executable), "spark-submit")
    command = [tool, *settings, "--master", master, "--files", program, profiles.__file__, *words]
    # Also tells spark-submit where Spark is.
    environment = os.environ | {"PYSPARK_PYTHON": sys.executable}
    return subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=environment)


if __name__ == "__main__":
    unittest.main(verbosity=2)

#!/usr/bin/env python3
"""Adds up and compares the profiles of many machines with Apache Spark.

    spark-submit --files inferno profiles.py fold PROFILES... --to TABLE
    spark-submit --files inferno profiles.py sum INPUT... --to FOLDER [--by COLUMN,...] [--where SQL]
    spark-submit --files inferno profiles.py diff BEFORE [AFTER] --to FOLDER [--before SQL] [--after SQL]

PROFILES are folders of profiles in any format that `inferno collapse` reads. An INPUT is such a folder, or a
TABLE that `fold` has written. README.md in this folder explains the rest.
"""
import argparse
import datetime
import decimal
import os
import re
import shlex
import shutil
import subprocess
import sys
import urllib.parse

from pyspark import SparkFiles
from pyspark.errors import AnalysisException
from pyspark.sql import SparkSession, functions as f

# A count of inferno has 20 digits, for 2^64 - 1, and nine decimal places. A double holds 53 bits and a bigint 63
# without a fraction, so they would lose samples. Sums may have nine digits more.
COUNT = "decimal(29, 9)"
SUM = "decimal(38, 9)"
MAX_COUNT = 2**64 - 1
EXACT = decimal.Context(prec=60)

# A table has a row for each stack of a file (kind=stacks), and one for the file: kind=files, or kind=rejects if it
# cannot be folded. Stacks are bytes, because names of functions need not be UTF-8.
FOLDED = """kind string, path string, service string, version string, host string, time string, event string,
    unit string, stack binary, count string, message string"""
TABLE = """path string, version string, host string, time timestamp, event string, unit string, stack binary,
    count decimal(29, 9), message string, kind string, service string, day string"""
COLUMNS = ["service", "version", "host", "event", "unit", "time", "day", "hour", "path"]

# Spark passes a file to Python in one piece, of less than 2 GiB.
MAX_FILE_SIZE = 2**31 - 2**20


class Damaged(Exception):
    """Why a file cannot be folded."""


class Inexact(Exception):
    """What would make the result wrong."""


def main():
    args = arguments()
    spark = session(f"inferno {args.command}")
    try:
        args.run(spark, args)
    except (AnalysisException, Inexact) as error:
        sys.exit(f"profiles.py {args.command}: error: {str(error).splitlines()[0]}")
    finally:
        spark.stop()


def session(name, settings=None):
    # The default one keeps checksums, and cannot read files with a colon in their names.
    local_files = {
        "spark.hadoop.fs.file.impl": "org.apache.hadoop.fs.RawLocalFileSystem",
        "spark.hadoop.fs.file.impl.disable.cache": True,
    }
    spark = SparkSession.builder.appName(name).config(map=local_files | (settings or {})).getOrCreate()
    spark.sparkContext.setLogLevel(spark.conf.get("spark.log.level", "WARN"))
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    # A sum that is too large is an error, not null.
    spark.conf.set("spark.sql.ansi.enabled", "true")
    spark.conf.set("spark.sql.parquet.compression.codec", "zstd")
    return spark


def arguments(words=None):
    parser = argparse.ArgumentParser(description="Add up and compare the profiles of many machines.")
    commands = parser.add_subparsers(dest="command", required=True)

    of_fold = commands.add_parser("fold", help="write the stacks of profiles to a table")
    of_fold.add_argument("inputs", nargs="+", metavar="PROFILES", help="folders or files of profiles")
    of_fold.set_defaults(run=lambda spark, args: fold(spark, args.inputs, args.to, args.collapse))

    of_sum = commands.add_parser("sum", help="add up profiles")
    of_sum.add_argument("inputs", nargs="+", metavar="INPUT", help="folders of profiles, or tables")
    of_sum.add_argument("--by", type=columns, default=[], metavar="COLUMN,...",
                        help="a sum for each value of these columns: " + ", ".join(COLUMNS))
    of_sum.add_argument("--where", default="true", metavar="SQL", help="add up only the rows for which this is true")
    of_sum.set_defaults(run=add_up)

    of_diff = commands.add_parser("diff", help="compare profiles")
    of_diff.add_argument("before", metavar="BEFORE", help="a folder of profiles, or a table")
    of_diff.add_argument("after", nargs="?", metavar="AFTER", help="the same [default: BEFORE]")
    for side in ["before", "after"]:
        of_diff.add_argument(f"--{side}", dest=f"where_{side}", default="true", metavar="SQL",
                             help=f"only the rows of {side.upper()} for which this is true")
    of_diff.set_defaults(run=compare)

    for command in [of_sum, of_diff]:
        command.add_argument("--divide", type=int, default=1, choices=[10**digits for digits in range(10)], metavar="N",
                             help="divide counts in folded text: 1000000000 turns nanoseconds into seconds")
    for command in [of_fold, of_sum, of_diff]:
        command.add_argument("--to", required=True, metavar="FOLDER", help="where to write, a new folder")
        command.add_argument("--collapse", type=shlex.split, default=[], metavar="FLAGS",
                             help="flags for inferno collapse: --collapse='--event cycles --no-inline'")
    return parser.parse_args(words)


def columns(text):
    names = text.split(",")
    unknown = [name for name in names if name not in COLUMNS]
    if unknown:
        raise argparse.ArgumentTypeError(f"no column {unknown[0]}; there are {', '.join(COLUMNS)}")
    return names


# Folding: from files to a table.


def fold(spark, folders, table, flags=()):
    """Writes the stacks of all files in `folders` to a new `table`."""
    files = list_files(spark, folders)
    write_table(spark, files, table, flags)
    complete(spark, files, table)


def list_files(spark, folders):
    # Files that cannot be read are missing in the result, where complete() finds that.
    reader = spark.read.format("binaryFile").option("recursiveFileLookup", True)
    return reader.option("ignoreMissingFiles", True).option("ignoreCorruptFiles", True).load(folders)


def write_table(spark, files, table, flags):
    contents = files.where(f.col("length") <= MAX_FILE_SIZE).select("path", "content")
    rows = contents.rdd.mapPartitions(lambda rows: fold_files(rows, flags))
    write_rows(spark.createDataFrame(rows, FOLDED, verifySchema=False), table, "error")


def write_rows(rows, table, mode):
    rows = rows.withColumn("count", f.col("count").cast(COUNT)).withColumn("time", f.col("time").cast("timestamp"))
    rows = rows.withColumn("day", f.date_format("time", "yyyy-MM-dd"))
    folders = ["kind", "service", "day"]
    # Equal stacks next to each other compress best.
    rows.sortWithinPartitions(*folders, "stack").write.mode(mode).partitionBy(folders).parquet(table)


def fold_files(files, flags):
    """The rows of files."""
    program = inferno()
    for file in files:
        # The order of FOLDED.
        about = [file.path, *from_path(file.path)]
        try:
            event, unit, stacks, total, warnings = fold_one(program, flags, bytes(file.content))
            about += [event, unit]
            yield from (["stacks", *about, stack, count, None] for stack, count in stacks)
            yield ["files", *about, None, total, warnings]
        except Damaged as error:
            yield ["rejects", *about, None, None, None, None, str(error)]


def inferno():
    """The program that `--files` has copied to this machine, or an installed one."""
    shipped = SparkFiles.get("inferno")
    return shipped if os.path.exists(shipped) else shutil.which("inferno") or "inferno"


def from_path(path):
    """The service, version, host and time that a path contains, or None."""
    folders, name = os.path.split(path)
    found = dict(re.findall(r"/(service|version|host)=([^/]*)", folders))
    names = [urllib.parse.unquote(found[key]) if found.get(key) else None for key in ("service", "version", "host")]
    return [*names, time_of(name)]


def time_of(name):
    """The time that a file's name starts with, to the minute or the second."""
    found = re.match(r"(\d{4})-?(\d\d)-?(\d\d)[T_-]?(\d\d)[.:-]?(\d\d)(?:[.:-]?(\d\d))?", name)
    try:
        return datetime.datetime(*(int(part or 0) for part in found.groups())).isoformat() if found else None
    except ValueError:
        return None


def fold_one(program, flags, content):
    """The event, the unit, the stacks with their counts, the total and the warnings of a profile."""
    values, _ = collapse(program, [*flags, "--list-values"], content)
    folded, warnings = collapse(program, flags, content)
    stacks = [split(line) for line in folded.split(b"\n")[:-1]]
    if not stacks:
        raise Damaged("found no stacks")
    if all(re.search(rb"\s[0-9.]+$", stack) for stack, _ in stacks):
        raise Damaged("compares two profiles; expected one")
    default = next(line for line in values.decode().splitlines() if line.endswith("\t(default)"))
    event, unit, listed, _ = default.split("\t")
    total = sum_exactly(decimal.Decimal(count) for _, count in stacks)
    # The totals of inferno stop there.
    if min(total, MAX_COUNT) != decimal.Decimal(listed):
        raise Damaged(f"the stacks add up to {plain(total)}, but the profile to {listed}")
    return event, unit, stacks, plain(total), warnings


def split(line):
    stack, _, count = line.rpartition(b" ")
    return stack, count.decode()


def collapse(program, flags, content):
    """The output and the warnings of `inferno collapse`."""
    command = [program, "collapse", "-n", "1", *flags]
    # A signal tells more about the machine than about the profile.
    for _ in range(3):
        done = subprocess.run(command, input=content, capture_output=True)
        if done.returncode >= 0:
            break
    text = done.stderr.decode(errors="replace").strip()
    messages = re.sub("(?m)^inferno collapse: [a-z]+: (standard input: )?", "", text)
    if done.returncode != 0:
        raise Damaged(messages or f"inferno collapse: exit code {done.returncode}")
    return done.stdout, messages or None


# What is written is compared with what was read.


def complete(spark, files, table):
    """Adds the files that Spark has not read to the rejects, and checks that nothing is missing."""
    listed = files.inputFiles()
    if len(listed) != sum(rows for kind, (rows, _) in kinds(spark, table).items() if kind != "stacks"):
        reject_unread(spark, files, listed, table)
    found = kinds(spark, table)
    (stacks, stacks_sum), (folded, files_sum), (rejected, _) = (
        found.get(kind, (0, 0)) for kind in ("stacks", "files", "rejects"))
    expect_equal("files", len(listed), folded + rejected)
    expect_equal("count", files_sum, stacks_sum)
    say(f"{len(listed)} files: {folded} folded, to {stacks} stacks with a count of {plain(files_sum)}; "
        f"{rejected} rejected")
    if rejected:
        say(f"the reasons are in {table}/kind=rejects")


def kinds(spark, table):
    """The number of rows and the sum of counts of each kind."""
    rows = read_tables(spark, table).groupBy("kind").agg(f.count("*").alias("rows"), f.sum("count").alias("sum"))
    return {row["kind"]: (row["rows"], row["sum"]) for row in rows.collect()}


def reject_unread(spark, files, listed, table):
    paths = spark.createDataFrame([[path_of(url)] for url in listed], "path string")
    seen = read_tables(spark, table).where("kind <> 'stacks'").select("path")
    unread = paths.join(seen, "path", "left_anti").join(files.select("path", "length"), "path", "left")
    rows = []
    for path, length in unread.collect():
        is_large = length is not None and length > MAX_FILE_SIZE
        reason = "the file is larger than 2 GiB" if is_large else "the file is empty or cannot be read"
        rows.append(["rejects", path, *from_path(path), None, None, None, None, reason])
    write_rows(spark.createDataFrame(rows, FOLDED), table, "append")


def path_of(url):
    """The path as Spark writes it in the rows of a file."""
    return re.sub("^([a-z]+):///", r"\1:/", urllib.parse.unquote(url))


def read_tables(spark, *tables):
    return spark.read.schema(TABLE).parquet(*tables)


def expect_equal(what, read, written):
    if read != written:
        raise Inexact(f"{what}: read {plain(read)}, but wrote {plain(written)}")


# Sums: from tables to Parquet and folded text.


def add_up(spark, args):
    rows = selected(read_inputs(spark, args.inputs, f"{args.to}/table", args.collapse), args.where)
    total = check_units(rows, args.by)
    sums = rows.groupBy(*args.by, "stack").agg(sum_of("count"))
    write_sums(spark, sums, args, args.by, {"count": total})


def compare(spark, args):
    before = read_inputs(spark, [args.before], f"{args.to}/before", args.collapse)
    after = read_inputs(spark, [args.after], f"{args.to}/after", args.collapse) if args.after else before
    before, after = selected(before, args.where_before), selected(after, args.where_after)
    totals = {"before": check_units(before), "after": check_units(after)}
    none = f.lit(0).cast(COUNT)
    both = before.select("stack", f.col("count").alias("before"), none.alias("after")).unionAll(
        after.select("stack", none.alias("before"), f.col("count").alias("after")))
    sums = both.groupBy("stack").agg(*map(sum_of, totals))
    write_sums(spark, sums, args, [], totals)


def read_inputs(spark, inputs, new_table, flags):
    """The stacks of tables, and of folders of profiles, which are folded to `new_table`."""
    tables = [path for path in inputs if is_table(spark, path)]
    folders = [path for path in inputs if path not in tables]
    if folders:
        fold(spark, folders, new_table, flags)
        tables.append(new_table)
    return read_tables(spark, *tables).where("kind = 'stacks'")


def is_table(spark, path):
    path = spark._jvm.org.apache.hadoop.fs.Path(path)
    system = path.getFileSystem(spark._jsc.hadoopConfiguration())
    return any(system.exists(path.suffix(f"/kind={kind}")) for kind in ("files", "rejects"))


def selected(rows, where):
    return rows.withColumn("hour", f.date_format("time", "yyyy-MM-dd'T'HH")).where(where)


def sum_of(count):
    return f.sum(count).cast(SUM).alias(count)


def check_units(rows, by=()):
    """The total of rows, after a warning if they count different things."""
    events = rows.groupBy("event", "unit").agg(sum_of("count")).collect()
    if not events:
        raise Inexact("no stacks are selected")
    if len(events) > 1 and "event" not in by:
        names = ", ".join(sorted(f"{row['event']} ({row['unit']})" for row in events))
        say(f"warning: adding up different events: {names}; see --by event")
    return sum_exactly(row["count"] for row in events)


def write_sums(spark, sums, args, by, totals):
    """Writes sums as Parquet and as folded text, whose lines are in the order of their bytes."""
    written = f"{args.to}/sum"
    sums.sortWithinPartitions(*by, "stack").write.partitionBy(by).parquet(written)
    sums = spark.read.schema(sums.schema).parquet(written)
    groups = sums.groupBy(*by).agg(*map(sum_of, totals)).collect()
    for count, total in totals.items():
        expect_equal(count, total, sum_exactly(group[count] for group in groups))
    largest = max(group[count] for group in groups for count in totals)
    if largest > MAX_COUNT * args.divide:
        raise Inexact(f"a total of {plain(largest)} / {args.divide} is more than folded text can hold: see --divide")

    texts = [decimal_text(count, args.divide) for count in totals]
    lines = sums.orderBy(*by, "stack").select(*by, f.concat_ws(" ", f.col("stack").cast("string"), *texts))
    lines.write.partitionBy(by).text(f"{args.to}/folded")


def decimal_text(count, divisor):
    """A count without zeros at the end: 3, 0.5."""
    number = f.col(count)
    if divisor != 1:
        number = (number / f.lit(divisor).cast("decimal(10, 0)")).cast(SUM)
    return f.regexp_replace(number.cast("string"), r"\.?0+$", "")


def sum_exactly(counts):
    with decimal.localcontext(EXACT):
        return sum(counts, decimal.Decimal(0))


def plain(number):
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def say(text):
    print(f"profiles.py: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()

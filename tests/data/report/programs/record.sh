#!/bin/bash
# Records tests/data/report/*.txt.gz anew, three profiles each of shop.c before and after `price` got slower:
#
#     tests/data/report/programs/record.sh DIR
#
# DIR (new) receives the program and its recordings. Needs perf and gcc.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
mkdir "$1"
cd "$1"
gcc -O1 -g -o shop "$here/shop.c"
for run in 1 2 3; do
    # In turns, so that whatever else the machine does is in both.
    for side in before:40 after:60; do
        perf record -q -e cpu-clock:u -F 499 --call-graph dwarf,1024 -o shop.data ./shop "${side#*:}"
        perf script -F comm,pid,tid,time,period,event,ip,sym -i shop.data |
            gzip -9n > "$here/../${side%:*}-$run.txt.gz"
    done
done

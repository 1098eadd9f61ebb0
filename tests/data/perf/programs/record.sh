#!/bin/bash
# Records tests/data/perf/*.txt from the programs next to this file:
#
#     tests/data/perf/programs/record.sh DIR
#
# DIR (new; its path is part of the captures) receives the programs and their output. Needs root (or
# kernel.perf_event_paranoid = -1), perf, gcc, g++, rustc, and for two captures java and node. A new recording
# has other addresses, times and counts: bless the results and review the difference before committing it.
# Files called hand-*.txt are handwritten and not touched.
set -euo pipefail
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)
data=$(dirname "$here")
mkdir -p "$1"
cp "$here"/*.* "$1"
cd "$1"

c_flags="-O1 -g -fno-omit-frame-pointer -fno-optimize-sibling-calls"
gcc $c_flags words.c -o words
gcc $c_flags -pthread threads.c -o threads
g++ $c_flags shapes.cpp -o shapes
rust_flags="-O -g -C force-frame-pointers=yes"
rustc $rust_flags -C symbol-mangling-version=v0 shop.rs -o shop-v0
RUSTC_BOOTSTRAP=1 rustc $rust_flags -Z unstable-options -C symbol-mangling-version=legacy shop.rs -o shop-legacy

# record NAME ARGUMENTS...: perf record to NAME.data
record() {
    perf record -q -o "$1.data" "${@:2}" > /dev/null 2> "$1.log" || cat "$1.log"
}

# script CASE NAME KILOBYTES ARGUMENTS...: perf script of NAME.data, cut at a blank line, to CASE.txt. Data
# that identifies the machine is replaced; samples of unrelated commands are removed.
script() {
    perf script -i "$2.data" "${@:4}" 2> /dev/null |
        sed -e 's/^# hostname : .*/# hostname : devbox/' -e 's/^# os release : .*/# os release : 6.1.0-amd64/' |
        awk -v RS= -v ORS='\n\n' -v most="$3" '
            { others = $0; gsub(/comm=(threads|worker 42|\(io\)|a:b: c|java|x  y|rcu_preempt|swapper\/[0-9]+) /, "", others) }
            others ~ /comm=/ { next }
            (bytes += length($0) + 2) <= most * 1024' > "$data/$1.txt"
}

# one_line CASE NAME LINES ARGUMENTS...: the same for single-line samples.
one_line() {
    perf script -i "$2.data" "${@:4}" 2> /dev/null | awk -v most="$3" 'NR <= most' > "$data/$1.txt"
}

record c -F 499 -e cpu-clock -g -- ./words 300000
script c-fp c 24
script c-header c 6 --header
script c-srcline c 8 -F +srcline
script c-fields-min c 6 -F comm,tid,event,ip,sym,dso
script c-fields-pid-period c 8 -F comm,pid,tid,time,period,event,ip,sym,symoff,dso
script c-fields-no-event c 6 -F comm,tid,time,ip,sym,dso
script c-fields-comm-ip-sym c 4 -F comm,ip,sym
# There is also a blank line above each stack.
script c-fields-ip-sym c 4 -F ip,sym
sed -i -e '1i\\' -e '/^$/a\\' "$data/c-fields-ip-sym.txt"
script c-reltime c 6 --reltime --ns
sed 's/$/\r/' "$data/c-header.txt" > "$data/c-crlf.txt"
record c-nograph -F 199 -e cpu-clock -- ./words 300000
one_line c-one-line c-nograph 60
one_line c-one-line-fields c-nograph 60 -F comm,ip,sym
record c-memory -c 20 -d -W -e page-faults -- ./words 300000
one_line c-one-line-memory c-memory 30 -F +addr,+data_src,+weight
record multi -F 199 -e cpu-clock,task-clock,page-faults -g -- ./words 100000
script multi multi 24
record multi-nograph -F 199 -e cpu-clock -e page-faults -- ./words 300000
one_line multi-one-line multi-nograph 60

record cpp -F 199 -e cpu-clock -g -- ./shapes 60
script cpp cpp 32
record cpp-dwarf -F 99 -e cpu-clock --call-graph dwarf,4096 -- ./shapes 60
script cpp-dwarf cpp-dwarf 16

record rust-legacy -F 149 -e cpu-clock -g -- ./shop-legacy 400
script rust-legacy rust-legacy 24
script rust-legacy-mangled rust-legacy 8 --no-demangle
record rust-v0 -F 149 -e cpu-clock -g -- ./shop-v0 400
script rust-v0 rust-v0 24
script rust-v0-mangled rust-v0 8 --no-demangle
record rust-dwarf -F 99 -e cpu-clock --call-graph dwarf,4096 -- ./shop-v0 400
script rust-dwarf rust-dwarf 32

record threads -F 399 -e cpu-clock -g -- ./threads
script threads threads 24
script threads-pid threads 24 -F +pid
script threads-fields-period threads 8 -F comm,period,ip,sym
script threads-fields-time-event threads 8 -F comm,time,event,ip,sym

record syscalls -c 20 -e syscalls:sys_enter_openat -e syscalls:sys_enter_write -g -- ./words 1000
script syscalls syscalls 12
record tracepoints -e sched:sched_switch -e sched:sched_wakeup -g -- ./threads
script tracepoints tracepoints 12
record faults -d -c 50 -e page-faults -g -- ./words 300000
script faults-addr faults 6 -F +addr

if command -v javac > /dev/null; then
    javac Tree.java
    record java -F 99 -e cpu-clock -g -- java -XX:+PreserveFramePointer -XX:+UnlockDiagnosticVMOptions \
        -XX:+DumpPerfMapAtExit Tree 150
    script java java 200
    gzip -9nf "$data/java.txt"
fi
if command -v node > /dev/null; then
    record node -F 99 -e cpu-clock -g -- node --perf-basic-prof queue.js 800
    script node node 200
    gzip -9nf "$data/node.txt"
fi
ls -l "$data"

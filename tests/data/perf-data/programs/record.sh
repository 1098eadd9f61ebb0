#!/bin/bash
# Records tests/data/perf-data/*.data from the programs next to this file:
#
#     tests/data/perf-data/programs/record.sh
#
# Uses /opt/demo, whose path is part of the captures. Needs root, perf, gcc, dwp and python3, and
# gcc-aarch64-linux-gnu, qemu-user and gdb-multiarch. The expected output of each capture (CASE.folded) comes
# from `perf script`.
set -euo pipefail
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)
data=$(dirname "$here")
mkdir -p /opt/demo "$data/symfs/opt/demo"
cp "$here"/*.c /opt/demo
cd /opt/demo
flags="-O1 -g -nostdlib -static -fcf-protection=none -fno-optimize-sibling-calls -Wl,--build-id,--eh-frame-hdr -ffile-prefix-map=$PWD=."
gcc $flags -fno-omit-frame-pointer spin.c -o spin-fp
gcc $flags -fomit-frame-pointer -fasynchronous-unwind-tables spin.c -o spin
gcc ${flags/-static/-static-pie -fPIE} -fomit-frame-pointer -fasynchronous-unwind-tables again.c -o again
gcc $flags -fomit-frame-pointer -fasynchronous-unwind-tables signal.c -o signal
gcc $flags -fomit-frame-pointer -fasynchronous-unwind-tables trampoline.c -o trampoline
for library in chosen stubs; do
    gcc -O1 -shared -fPIC -nostdlib -fcf-protection=none -Wl,--build-id=none,-z,noseparate-code,-z,norelro -s \
        $library.c -o $library.so
done
gcc -O1 -shared -fPIC -nostdlib -fcf-protection=branch -Wl,--build-id=none,-z,noseparate-code,-z,norelro,-z,ibtplt \
    -Wl,--no-ld-generated-unwind-info -s marked.c -o marked.so
cp spin-fp spin again signal trampoline chosen.so stubs.so marked.so "$data/symfs/opt/demo"

# The same program without its own symbols: they are in a separate file, or in a section, as in Fedora.
mkdir -p "$data"/{linked,packed}/opt/demo
objcopy --only-keep-debug spin-fp "$data/linked/opt/demo/spin-fp.debug"
objcopy -S --add-gnu-debuglink="$data/linked/opt/demo/spin-fp.debug" spin-fp "$data/linked/opt/demo/spin-fp"
objcopy --strip-debug spin-fp spin-symbols
xz -kf --check=crc32 spin-symbols
objcopy -S --add-section .gnu_debugdata=spin-symbols.xz spin-fp "$data/packed/opt/demo/spin-fp"

# The other program with its debug information in separate files. dwp of binutils 2.40 does not support newer
# DWARF.
mkdir -p "$data"/{split,package}/opt/demo
id=$(readelf -n spin | awk '/Build ID/ { print $3 }')
cp spin whole-spin
apart="-O1 -g -gsplit-dwarf -nostdlib -static -fcf-protection=none -fno-optimize-sibling-calls -fomit-frame-pointer -fasynchronous-unwind-tables -Wl,--eh-frame-hdr,--build-id=0x$id"
gcc $apart -gdwarf-5 spin.c -o spin
cp spin spin.dwo "$data/split/opt/demo"
gcc $apart -gdwarf-4 spin.c -o spin
dwp -e spin -o "$data/package/opt/demo/spin.dwp"
cp spin "$data/package/opt/demo"
rm spin.dwo
mv whole-spin spin

# record CASE ARGUMENTS...: perf record, without data that identifies the machine.
record() {
    perf record -q -N -o "$1.data" "${@:2}" > /dev/null 2> "$1.log" || cat "$1.log"
    python3 "$here/neutral.py" "$1.data" "$data/$1.data"
}

record fp -F 250 -e cpu-clock:u -g -- ./spin-fp
record dwarf -F 250 -e cpu-clock:u --call-graph dwarf,512 -- ./spin
record plain -F 250 -e cpu-clock:u -- ./spin-fp
record compressed -z -F 250 -e cpu-clock:u -g -- ./spin-fp
record events -F 150 -e cpu-clock:u -e task-clock:u -g -- ./spin-fp
record signal -F 250 -e cpu-clock:u --call-graph dwarf,2048 -- ./signal
record trampoline -F 250 -e cpu-clock:u --call-graph dwarf,256 -- ./trampoline
record cpus -F 250 -e cpu-clock:u -T --sample-cpu -g -- sh -c 'taskset -c 0 ./spin-fp & exec taskset -c 1 ./spin'
record kernel -F 250 -e cpu-clock -g -- ./spin-fp
perf record -q -F 250 -e cpu-clock:u -g -o - -- ./spin-fp 2> /dev/null > pipe.data
python3 "$here/neutral.py" pipe.data "$data/pipe.data"

# Only the switches of this program, and the wakeups of its threads. The others that run meanwhile are left out.
gcc ${flags/-g /} -fno-omit-frame-pointer sleeps.c -o sleeps
cp sleeps "$data/symfs/opt/demo"
perf record -q --user-callchains --synth no -g -a -o - \
    -e sched:sched_switch --filter 'prev_comm == "sleeps" || next_comm == "sleeps"' \
    -e sched:sched_waking --filter 'comm == "sleeps"' -- chrt -f 50 ./sleeps 2> /dev/null > sleeps.data
python3 "$here/only_sleeps.py" sleeps.data off-cpu.data
python3 "$here/neutral.py" off-cpu.data "$data/off-cpu.data"
perf script -f -i - --ns -F comm,pid,tid,cpu,time,event,trace,ip,sym,dso < "$data/off-cpu.data" > "$data/off-cpu.txt" 2> /dev/null

# There is no perf for AArch64 here, so the program runs in an emulator.
aarch64-linux-gnu-gcc -O1 -nostdlib -static -fomit-frame-pointer -fasynchronous-unwind-tables -fno-optimize-sibling-calls \
    -mbranch-protection=pac-ret+leaf -Wl,--build-id,-z,noseparate-code,-z,norelro arm.c -o arm
cp arm "$data/symfs/opt/demo"
qemu-aarch64 -g 12377 ./arm &
sleep 1
ARM_PORT=12377 ARM_DATA=$data gdb-multiarch -nx -batch -x "$here/arm.py" arm > /dev/null

# expect CASE FILE ARGUMENTS...: the result of the text path for the output of perf script.
expect() {
    perf script -f -i "$data/$2.data" "${@:3}" 2> /dev/null |
        cargo run -q --manifest-path "$data/../../../Cargo.toml" --bin inferno-collapse-perf > "$data/$1.folded"
}

for case in fp dwarf plain compressed events kernel pipe; do
    expect $case $case --no-inline
done
expect inlined dwarf
# perf 6.1 fails half of the time, if the executed program is at a higher address than before.
until [ "$(cut -d ' ' -f 1 "$data/again.folded" 2> /dev/null)" = "again;leaf" ]; do
    record again -F 250 -e cpu-clock:u --call-graph dwarf,512 -- ./again
    expect again again --no-inline
done
perf script -f -i "$data/cpus.data" --ns -F comm,pid,tid,cpu,time,period,event,ip,sym,dso 2> /dev/null > "$data/cpus.txt"
# The kernel's symbols that the capture needs, those before and behind each.
perf script -f -i "$data/kernel.data" --no-inline 2> /dev/null |
    awk '/kallsyms/ { sub(/[+]0x.*/, "", $2); print $2 }' | sort -u > kernel.names
grep -A1 -w -F -f kernel.names /proc/kallsyms | grep -v '^--' > "$data/kallsyms"
grep -w -e _text -e _stext /proc/kallsyms >> "$data/kallsyms"
sort -o "$data/kallsyms" "$data/kallsyms"
ls -l "$data"

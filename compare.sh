#!/bin/bash
# Compares this checkout with the published inferno and, if the submodule flamegraph/ is checked out and perl
# is installed, with the Perl scripts:
#
#     ./compare.sh [PROFILE...]                  default: the profiles in examples/; gzip and xz are unpacked first
#
# A profile is the output of `perf script`, or by its extension .dtrace, .sample (macOS), .csv (VTune) or .xml
# (xctrace).
#
#     ./compare.sh --documents [MEGABYTES]       default: 50
#
# compares the time to read generated profiles of other formats with common tools for these: `go tool pprof`,
# `jfr print`, and the importer of speedscope (SPEEDSCOPE=DIRECTORY of its npm package). Missing tools are
# skipped.
#
# Needs hyperfine. ROUNDS=n sets the number of rounds (default 7). All contenders run once per round,
# alternately, so that other load affects all of them; the numbers are medians. The last output is a Markdown
# table. Peak memory is from a single run, if GNU time is at /usr/bin/time.
set -euo pipefail
cd "$(dirname "$0")"
export LC_ALL=C
rounds=${ROUNDS:-7}
version=0.12.8
work=$PWD/target/compare
published=$work/bin
ours=$PWD/target/release
perl=$PWD/flamegraph

prepare() {
    command -v hyperfine > /dev/null || { echo "compare.sh: needs hyperfine" >&2; exit 1; }
    mkdir -p "$work"
    cargo build --release --quiet
    [[ -x $published/inferno-flamegraph ]] || cargo install inferno --version "$version" --root "$work" --locked --quiet
    [[ -f $perl/flamegraph.pl ]] && command -v perl > /dev/null || perl=
}

# unpacked FILE: prints the path of FILE, or of its decompressed copy. The published tools do not support
# gzip.
unpacked() {
    local copy="$work/$(basename "$1")"
    case $1 in
        *.gz) gzip -dc "$1" > "${copy%.gz}" && echo "${copy%.gz}" ;;
        *.xz) xz -dc "$1" > "${copy%.xz}" && echo "${copy%.xz}" ;;
        *) realpath "$1" ;;
    esac
}

median() { sort -g | awk '{ v[NR] = $1 } END { print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }'; }

# The peak memory of the largest process of COMMAND in MB, including all parts of a pipeline.
peak() {
    [[ -x /usr/bin/time ]] || { echo -; return; }
    local log="$work/time.log"
    : > "$log"
    bash -c "${1//@/\/usr\/bin\/time -a -o $log -f %M }" > /dev/null 2>&1
    sort -n "$log" | awk 'END { printf "%.1f\n", $1 / 1024 }'
}

# measure TASK NAME=COMMAND...: prints a row of the table for each contender; the first one is this checkout.
# In a COMMAND, each program is preceded by an @.
measure() {
    local task=$1 name command csv="$work/round.csv" round base_wall base_user wall user
    shift
    rm -f "$work"/*.runs
    for ((round = 0; round <= rounds; round++)); do
        for contender in "$@"; do
            name=${contender%%=*} command=${contender#*=}
            hyperfine --style none --runs 1 --export-csv "$csv" -- "${command//@/}" > /dev/null 2>&1
            ((round == 0)) || tail -1 "$csv" >> "$work/$name.runs" # The first round only warms the caches.
        done
    done
    for contender in "$@"; do
        name=${contender%%=*} command=${contender#*=}
        # The last columns are mean, stddev, median, user, system, min, max.
        wall=$(awk -F, '{ print $(NF - 4) }' "$work/$name.runs" | median)
        user=$(awk -F, '{ print $(NF - 3) }' "$work/$name.runs" | median)
        : "${base_wall:=$wall}" "${base_user:=$user}"
        awk -v task="$task" -v name="$name" -v w="$wall" -v u="$user" -v bw="$base_wall" -v bu="$base_user" -v m="$(peak "$command")" \
            'BEGIN { printf "| %s | %s | %.3f | %.2f | %.3f | %.2f | %s |\n", task, name, w, w / bw, u, u / bu, m }'
    done
}

# contenders OURS PUBLISHED PERL: fills the array `list` with the available ones.
contenders() {
    list=("ours=$1" "published=$2")
    if [[ -n $perl && -n $3 ]]; then list+=("perl=$3"); fi
}

compare() {
    local input size
    input=$(unpacked "$1")
    size=$(wc -c < "$input" | awk '{ printf "%.1f MB", $1 / 1e6 }')
    echo
    echo "**$(basename "$input")**, $size"
    echo
    echo "| task | who | wall s | ratio | user s | ratio | peak MB |"
    echo "|---|---|---:|---:|---:|---:|---:|"
    case $input in
        *.dtrace) compare_collapse dtrace "-n 1" "$input" stackcollapse.pl ;;
        *.sample) compare_collapse sample "" "$input" stackcollapse-sample.awk ;;
        *.csv) compare_collapse vtune "" "$input" stackcollapse-vtune.pl ;;
        *.xml) compare_collapse xctrace "" "$input" "" ;;
        *) compare_perf "$input" ;;
    esac
}

# compare_collapse FORMAT ARGS INPUT SCRIPT, where only some formats have a Perl script
compare_collapse() {
    local list
    contenders "@$ours/inferno-collapse-$1 -q $2 $3" "@$published/inferno-collapse-$1 -q $2 $3" "@perl $perl/$4 $3"
    [[ $4 == *.pl ]] || list=("${list[@]:0:2}")
    measure "collapse-$1 $2" "${list[@]}"
}

compare_perf() {
    local input=$1 folded="$work/input.folded" list
    "$ours/inferno-collapse-perf" -q "$input" > "$folded"
    contenders "@$ours/inferno-collapse-perf -q -n 1 $input" "@$published/inferno-collapse-perf -q -n 1 $input" \
        "@perl $perl/stackcollapse-perf.pl $input"
    measure "collapse-perf -n 1" "${list[@]}"
    contenders "@$ours/inferno-collapse-perf -q $input" "@$published/inferno-collapse-perf -q $input" ""
    measure "collapse-perf, $(nproc) threads" "${list[@]}"
    contenders "@$ours/inferno-flamegraph -q $folded" "@$published/inferno-flamegraph -q $folded" "@perl $perl/flamegraph.pl $folded"
    measure "flamegraph" "${list[@]}"
    contenders "@$ours/inferno-flamegraph -q --minwidth 0 $folded" "@$published/inferno-flamegraph -q --minwidth 0 $folded" ""
    measure "flamegraph --minwidth 0" "${list[@]}"
    contenders "@$ours/inferno-diff-folded $folded $folded" "@$published/inferno-diff-folded $folded $folded" \
        "@perl $perl/difffolded.pl $folded $folded"
    measure "diff-folded" "${list[@]}"
    contenders "@$ours/inferno-collapse-perf -q $input | @$ours/inferno-flamegraph -q" \
        "@$published/inferno-collapse-perf -q $input | @$published/inferno-flamegraph -q" \
        "@perl $perl/stackcollapse-perf.pl $input | @perl $perl/flamegraph.pl"
    measure "perf script text to SVG" "${list[@]}"
}

# compare_documents MEGABYTES
compare_documents() {
    local made=$PWD/target/release/examples/make-profile kind format input
    cargo build --release --quiet --example make-profile
    echo
    echo "| task | who | wall s | ratio | user s | ratio | peak MB |"
    echo "|---|---|---:|---:|---:|---:|---:|"
    "$made" | while read -r kind format; do
        input="$work/$kind.$(ending "$kind")"
        "$made" "$kind" "$1" > "$input"
        compare_document "$kind" "$format" "$input" < /dev/null
    done
}

# The file extension by which other tools recognize the format.
ending() {
    case $1 in
        speedscope) echo speedscope.json ;;
        chrome-*) echo json ;;
        *) echo "$1" ;;
    esac
}

# compare_document KIND FORMAT INPUT
compare_document() {
    local list=("ours=@$ours/inferno collapse $2 --list-values $3") bundle
    case $1 in
        pprof) add_if_there go "go tool pprof" "@go tool pprof -raw $3" ;;
        jfr) add_if_there jfr "jfr print" "@jfr print --events jdk.ExecutionSample --stack-depth 64 $3" ;;
    esac
    bundle=$(echo "${SPEEDSCOPE:-/nowhere}"/dist/release/speedscope-*.js)
    case $1 in
        pprof | cpuprofile | chrome-* | speedscope)
            if [[ -f $bundle ]] && command -v node > /dev/null; then
                list+=("speedscope=@node benches/speedscope.mjs $bundle $3")
            else
                echo "compare.sh: skipped speedscope for $1: no SPEEDSCOPE" >&2
            fi ;;
    esac
    measure "$1, $(wc -c < "$3" | awk '{ printf "%.0f MB", $1 / 1e6 }')" "${list[@]}"
}

# add_if_there PROGRAM NAME COMMAND
add_if_there() {
    if command -v "$1" > /dev/null; then
        list+=("$2=$3")
    else
        echo "compare.sh: skipped $2: no $1" >&2
    fi
}

prepare
echo "$(rustc --version), $(uname -sm), $(nproc) cores, $(date -u +%Y-%m-%d), medians of $rounds rounds"
if [[ ${1:-} == --documents ]]; then
    compare_documents "${2:-50}"
    exit
fi
if (($# == 0)); then set -- examples/*.perf.gz; fi
for profile in "$@"; do compare "$profile"; done

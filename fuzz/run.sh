#!/bin/sh
# Fuzzes on stable Rust: libFuzzer with coverage, without a sanitizer (that needs nightly; the package denies
# unsafe code, so panics, overflows, endless loops and runaway memory are what there is to find).
#
#   fuzz/run.sh SECONDS [TARGET...]      each target for so long, one job each; all of them where none is named
#
# A finding leaves its input in fuzz/artifacts/ and ends the script with a code other than 0.
set -eu
cd "$(dirname "$0")"
seconds=${1:?how many seconds a target}
shift
[ $# -gt 0 ] || set -- $(sed -n 's/^name = "\(.*\)"$/\1/p' Cargo.toml | tail -n +2)
host=$(rustc -vV | sed -n 's/^host: //p')
# --target keeps these flags away from build scripts and macros
export RUSTFLAGS="--cfg fuzzing -Cpasses=sancov-module \
-Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
-Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares"
for target in "$@"; do
    cargo build --locked --release --target "$host" --bin "$target"
    mkdir -p "corpus/$target" "artifacts/$target"
    echo "== $target, $seconds s"
    "target/$host/release/$target" "corpus/$target" -max_total_time="$seconds" -max_len=4096 \
        -rss_limit_mb=1024 -timeout=10 -artifact_prefix="artifacts/$target/" -print_final_stats=1
done

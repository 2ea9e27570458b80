#!/bin/sh
# Looks at the pages of runs, a duel and searches in a browser, and follows a run in it: tests/browser/run.sh [REPORT.html ...]
# Without an argument it makes reports with the binary (SMPPBENCH, or the one cargo builds) against the simulator.
# Needs node, npm and chromium (CHROMIUM: another path). Where they are missing it says SKIPPED and ends well, unless
# SMPPBENCH_BROWSER=1. Pictures are left in tests/browser/out.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
CHROMIUM=${CHROMIUM:-/usr/bin/chromium}
export CHROMIUM
missing=
command -v node >/dev/null 2>&1 || missing="$missing node"
command -v npm >/dev/null 2>&1 || missing="$missing npm"
[ -x "$CHROMIUM" ] || missing="$missing chromium"
if [ -n "$missing" ]; then
    echo "SKIPPED: the browser test needs$missing"
    [ "${SMPPBENCH_BROWSER:-0}" = 1 ] && exit 1
    exit 0
fi
[ -d "$here/node_modules/playwright-core" ] || (cd "$here" && npm ci --ignore-scripts --no-audit --no-fund)
rm -rf "$here/out"
mkdir -p "$here/out"
if [ $# -eq 0 ]; then
    if [ -z "${SMPPBENCH:-}" ]; then
        (cd "$here/../.." && cargo build --quiet)
        SMPPBENCH=${CARGO_TARGET_DIR:-$here/../../target}/debug/smppbench
    fi
    latency='embedded.response.latency={lognormal={median="8ms",p99="60ms"}}'
    "$SMPPBENCH" run --rate 400 --warmup 2s --duration 10s --binds 4 --seed 1 --live off --out "$here/out/good" \
        --set "$latency" --set 'embedded.receipts.delay="300ms"' >/dev/null
    "$SMPPBENCH" run --rate 400 --warmup 2s --duration 12s --binds 4 --seed 2 --live off --out "$here/out/faulty" \
        --set "$latency" --set embedded.limits.rate=350 --set 'embedded.response.errors=[{status="ESME_RSUBMITFAIL",share=0.02}]' \
        --set 'embedded.receipts.states={DELIVRD=0.95,UNDELIV=0.03,EXPIRED=0.02}' --set embedded.receipts.lost=0.01 \
        --set receipts.deadline=4s --set 'embedded.faults=[{kind="close",at="6s",sessions="one"}]' >/dev/null || true
    "$SMPPBENCH" duel --simultaneous --rate 100 --warmup 0s --duration 4s --seed 3 --live off --out "$here/out/duel" \
        --a embedded.response.latency=20ms --b embedded.response.latency=26ms >/dev/null
    trials='--seed 4 --live off --settle 300ms --measure 1s --confirm 1s --max-trials 8'
    # shellcheck disable=SC2086
    "$SMPPBENCH" find rate --rate 100 --max-rate 800 $trials --set embedded.limits.rate=300 --out "$here/out/rate" >/dev/null
    # shellcheck disable=SC2086
    "$SMPPBENCH" find window --max-window 16 $trials --set "$latency" --out "$here/out/window" >/dev/null
    "$SMPPBENCH" run --rate 400 --warmup 2s --duration 16s --binds 4 --seed 5 --live off --out "$here/out/followed" \
        --metrics "127.0.0.1:${SMPPBENCH_PORT:-0}" --set "$latency" --set embedded.limits.rate=380 --set 'embedded.response.congestion="load"' \
        --set 'embedded.faults=[{kind="close",at="6s",sessions="one"}]' --gate 'response.p99 < 1s' \
        >/dev/null 2>"$here/out/followed.txt" &
    followed=$!
    address=
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        address=$(sed -n 's/^the run in a browser on //p' "$here/out/followed.txt")
        [ -n "$address" ] && break
        sleep 0.1
    done
    node "$here/live.mjs" "$here/out" "$address"
    wait "$followed" || true
    set -- "$here/out/good/report.html" "$here/out/faulty/report.html" "$here/out/duel/comparison.html" \
        "$here/out/rate/report.html" "$here/out/window/report.html"
fi
node "$here/check.mjs" "$here/out" "$@"

#!/usr/bin/env bash
# A fleet over a wire that is slow: the lead, NATS and the simulator in one network namespace, two agents in namespaces
# of their own, 20 ms each way between them. All share one machine, so the clocks' true offset is 0: what the lead found
# must be that, the agents must start together, and the books must balance. Nothing leaves the namespaces.
# tests/fleet/namespaces.sh           needs root, iproute2, python3 and nats-server; where one is missing it says skipped
# SMPPBENCH: the binary (default: the one cargo builds). SMPPBENCH_NATS=1: a missing program is a failure; what the
# kernel does not allow is only said.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
PATH=$PATH:/usr/sbin:/sbin
one_way_ms=20
lead=sbfleet$$
wire=sb$$w

skip() { # WHY
    echo "skipped: $1"
    exit "${2:-0}"
}
[ "$(id -u)" = 0 ] || skip "network namespaces need root"
for tool in ip nats-server python3; do
    command -v "$tool" >/dev/null || skip "there is no $tool" "$([ "${SMPPBENCH_NATS:-0}" = 1 ] && echo 1)"
done
ip netns add "$lead" 2>/dev/null || skip "this system makes no network namespaces"

# on a busy machine, the wire and those who are timed go first
prompt=()
chrt -f 30 true 2>/dev/null && prompt=(chrt -f 30)

dir=$(mktemp -d)
jobs_started=()
cleanup() {
    local job
    for job in "${jobs_started[@]}"; do kill "$job" 2>/dev/null || true; done
    wait 2>/dev/null || true
    ip link del "${wire}1l" 2>/dev/null || true
    for n in "$lead" "$lead"a1 "$lead"a2; do ip netns del "$n" 2>/dev/null || true; done
    rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

fail() { # WHY
    echo "failed: $1" >&2
    tail -n 20 "$dir"/*.log >&2
    exit 1
}
start() { # NAME COMMAND...: in the background, its output in NAME.log
    local name=$1
    shift
    "$@" >"$dir/$name.log" 2>&1 &
    jobs_started+=("$!")
}
await() { # NAME TEXT: until the log of NAME holds it
    local _
    for _ in $(seq 200); do
        grep -qs "$2" "$dir/$1.log" && return 0
        sleep 0.05
    done
    fail "$1 did not say '$2' within 10 s"
}

if [ -z "${SMPPBENCH:-}" ]; then
    (cd "$here/../.." && cargo build --quiet)
    SMPPBENCH=${CARGO_TARGET_DIR:-$here/../../target}/debug/smppbench
fi
export NO_COLOR=1 XDG_STATE_HOME="$dir/state" SMPPBENCH_NATS_USER=bench SMPPBENCH_NATS_PASSWORD=of-this-test

# addresses of the block for benchmarks (RFC 2544), in namespaces only
hub=198.18.0.1
for n in 1 2; do ip netns add "${lead}a$n"; done
if ip link add "${wire}1l" type veth peer name "${wire}1a" 2>/dev/null &&
    tc qdisc add dev "${wire}1l" root netem delay "${one_way_ms}ms" 2>/dev/null; then
    wires="veth with netem"
    ip link add "${wire}2l" type veth peer name "${wire}2a"
else
    # the same with packets carried by hand
    ip link del "${wire}1l" 2>/dev/null || true
    wires="TUN (there is no netem here)"
    [ -c /dev/net/tun ] || skip "this kernel has neither netem nor TUN devices"
    start delay "${prompt[@]}" python3 "$here/delay.py" "$one_way_ms" "$wire"{1l,1a,2l,2a}
    await delay ready
fi
ip -n "$lead" link set lo up
ip -n "$lead" addr add "$hub/32" dev lo
for n in 1 2; do
    ip link set "$wire${n}l" netns "$lead"
    ip link set "$wire${n}a" netns "${lead}a$n"
    ip -n "$lead" link set "$wire${n}l" up
    ip -n "${lead}a$n" link set lo up
    ip -n "${lead}a$n" addr add "198.18.0.1$n/32" dev "$wire${n}a"
    ip -n "${lead}a$n" link set "$wire${n}a" up
    ip -n "$lead" route add "198.18.0.1$n" dev "$wire${n}l" src "$hub"
    ip -n "${lead}a$n" route add "$hub" dev "$wire${n}a" src "198.18.0.1$n"
    if [ "$wires" = "veth with netem" ]; then
        # a device that was moved between namespaces has lost its queueing
        ip netns exec "$lead" tc qdisc replace dev "$wire${n}l" root netem delay "${one_way_ms}ms"
        ip netns exec "${lead}a$n" tc qdisc replace dev "$wire${n}a" root netem delay "${one_way_ms}ms"
    fi
done

printf 'authorization { user: bench, password: of-this-test }\n' >"$dir/nats.conf"
start nats ip netns exec "$lead" nats-server -a "$hub" -p 4222 -c "$dir/nats.conf"
await nats "Server is ready"
start smsc "${prompt[@]}" ip netns exec "$lead" "$SMPPBENCH" smsc --listen "$hub:2775" --tally "$dir/tally.json"
await smsc "listening on"
start first ip netns exec "$lead" python3 "$here/first.py" 2775 2 100
await first ready
for n in 1 2; do
    start "a$n" "${prompt[@]}" ip netns exec "${lead}a$n" "$SMPPBENCH" agent --nats "nats://$hub:4222" --name "a$n" \
        --allow-target "$hub:2775"
    await "a$n" "waits for work"
done
run=0
timeout 60 "${prompt[@]}" ip netns exec "$lead" "$SMPPBENCH" run --nats "nats://$hub:4222" --agents 2 --target "$hub:2775" \
    --allow-target "$hub:2775" --max-messages 10000 --binds 4 --window 50 --rate 500 --warmup 0s --duration 5s \
    --workers 1 --set fleet.clock_uncertainty_max=40ms --live off --out "$dir/out" >"$dir/lead.log" 2>&1 || run=$?
[ "$run" = 0 ] || fail "the run's exit code is $run"

echo "wires: $wires"
python3 - "$dir/out/result.json" "$dir/first.log" "$dir/tally.json" "$one_way_ms" <<'PYTHON' || fail "see above"
import json, sys, time

result = json.load(open(sys.argv[1]))
time.sleep(1.2)  # the tally is written each second
tally, one_way_ms = json.load(open(sys.argv[3])), float(sys.argv[4])
wrong = []


def check(good, what):
    print(("" if good else "WRONG: ") + what)
    if not good:
        wrong.append(what)


for agent in result["fleet"]["agents"]:
    for when in ("before", "after"):
        clock = agent["clock"][when]
        offset, about = clock["offset_ns"] / 1e6, clock["uncertainty_ns"] / 1e6
        check(abs(offset) < 1, f"clock of {agent['name']} {when}: offset {offset:+.3f} ms (true: 0), known to {about:.3f} ms")
        check(about >= one_way_ms * 0.99, f"  its uncertainty is the way's {one_way_ms:.0f} ms or more")
sent = {}
for line in open(sys.argv[2]):
    if line[0].isdigit():
        address, at = line.split()
        sent.setdefault(address, []).append(int(at) / 1e6)
check(len(sent) == 2, f"both agents were seen to send: {sorted(sent)}")
# an agent's n-th is due 4 ms after the one before; what a busy machine delays is only ever later
starts = [min(at - 4 * n for n, at in enumerate(ats)) for ats in sent.values()]
spread = max(starts) - min(starts)
check(spread < 5, f"start spread {spread:.3f} ms on the wire, of which 2 ms are the schedule's")
ledger = result["ledger"]
check(ledger["planned"] == 2500, f"planned {ledger['planned']}")
check(ledger["balanced"] is True, "books balance")
check(ledger["written"] == tally["submits"]["received"], f"written {ledger['written']} = received by the simulator")
check(ledger["accepted"] == tally["submits"]["accepted"], f"accepted {ledger['accepted']} = accepted by the simulator")
check(ledger["receipts"]["final"] == 2500, f"final receipts {ledger['receipts']['final']}")
service = result["latency"]["service"]["p50"] / 1e6
check(2 * one_way_ms <= service < 2 * one_way_ms + 10, f"service time p50 {service:.2f} ms: the way there and back")
sys.exit(bool(wrong))
PYTHON
echo "ok"

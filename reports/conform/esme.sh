#!/bin/bash
# Examines a client that ends by itself. It is started again when it has ended, has had no connection for 3 s, or has sent
# nothing for 5 s. The last case (4.2.1-53) is a run of its own, with a client that sends 300 messages and ends.
#
#   esme.sh OUT PORT COMMAND...     the command is given PORT, the messages to send, the window, and registered_delivery
set -u
out=$1 port=$2
shift 2
smppbench=$(command -v "${SMPPBENCH:-smppbench}")

# Keeps the client running until the process has ended.
keep() {
    local conform=$1 client without state idle
    shift
    while kill -0 "$conform" 2> /dev/null; do
        "$@" > /dev/null 2>&1 &
        client=$! without=0
        while kill -0 $client 2> /dev/null; do
            sleep 0.2
            state=$(ss -tniH state established "dport = :$port")
            idle=$(grep -o 'lastsnd:[0-9]*' <<< "$state" | cut -d: -f2 | sort -n | head -1)
            if [ -n "$state" ]; then without=0; else without=$((without + 1)); fi
            if [ $without -gt 15 ] || [ "${idle:-0}" -gt 5000 ] || ! kill -0 "$conform" 2> /dev/null; then
                kill -9 $client 2> /dev/null
            fi
        done
        sleep 0.1
    done
}

# Runs the cases of `conform esme` into a folder, with so many messages and receipts.
examine() {
    local folder=$1 messages=$2 receipts=$3
    shift 3
    "$smppbench" conform esme --listen "127.0.0.1:$port" --disturb --out "$folder" "${cases[@]}" > "$folder.txt" 2>&1 &
    until ss -tlnH "sport = :$port" | grep -q .; do sleep 0.1; done
    keep $! "$@" "$port" "$messages" 2 "$receipts"
}

mkdir -p "$out"
cases=(--skip 4.2.1-53)
examine "$out/most" 1000000 1 "$@" 2> /dev/null
cases=(--case 4.2.1-53)
examine "$out/last" 300 0 "$@" 2> /dev/null

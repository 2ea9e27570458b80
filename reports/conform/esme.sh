#!/bin/bash
# Examines a client that ends by itself. It is started again when it has ended, has had no connection for 3 s, or has sent
# nothing for 5 s.
#
#   esme.sh OUT PORT COMMAND...     the command is given PORT, the messages to send, the window, and registered_delivery
#
# For the last case (4.2.1-53) the client sends 300 messages, and ends.
set -u
out=$1 port=$2
shift 2
mkdir -p "$out"
smppbench=$(command -v "${SMPPBENCH:-smppbench}")
# the line of each case is printed to a terminal only
script -qfec "'$smppbench' conform esme --listen 127.0.0.1:$port --disturb --out '$out'" "$out.log" > /dev/null &
conform=$!
until ss -tlnH "sport = :$port" | grep -q .; do sleep 0.1; done
last_case() { grep -q '^2.4-54' "$out.log"; }
while kill -0 $conform 2> /dev/null; do
    messages=1000000 receipts=1
    if last_case; then messages=300 receipts=0; fi
    "$@" "$port" $messages 2 $receipts >> "$out.client.log" 2>&1 &
    client=$! without=0
    while kill -0 $client 2> /dev/null; do
        sleep 0.2
        state=$(ss -tniH state established "dport = :$port")
        idle=$(grep -o 'lastsnd:[0-9]*' <<< "$state" | cut -d: -f2 | sort -n | head -1)
        if [ -n "$state" ]; then without=0; else without=$((without + 1)); fi
        if [ $without -gt 15 ] || [ "${idle:-0}" -gt 5000 ]; then kill -9 $client; fi
        if [ $messages -gt 300 ] && last_case; then kill -9 $client; fi
        if ! kill -0 $conform 2> /dev/null; then kill -9 $client; fi
    done
    sleep 0.1
done

#!/usr/bin/env bash
# A fleet by hand: agents on hosts over ssh, each a transient unit of systemd; leads a run; stops what it started.
#   NATS=nats://10.0.0.5:4222 TARGET=smsc.example:2775 deploy/by-hand.sh HOST... -- run evening.toml
# The lead runs here. It is given --nats and --agents; all else of it stands after the two dashes.
#   NATS       its URL, as the hosts and this machine reach it
#   TARGET     what the agents may be pointed at (several with spaces between)
#   NATS_AUTH  file with user:password or a token; it is handed to the hosts on stdin and lies in a folder of its own (0700)
#   SECRETS    file with NAME=VALUE lines (no quotes, no spaces), for what the profile names in password_env; handed over likewise
#   SMPPBENCH  the program here (default smppbench); it is copied to the hosts, which must be of this architecture
#   NOFILE     open files an agent may have (default 1048576)
#   LONGEST    the systemd of a host ends its agent after this, whatever became of this script (default 12h)
# A host must let you in without a question; as root the unit is the system's, else your own (systemd --user).
set -euo pipefail
usage() {
    sed -n '2,14s/^# \{0,1\}//p' "$0" >&2
    exit 2
}
hosts=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do
    case $1 in -*) usage ;; esac
    hosts+=("$1")
    shift
done
[ "${#hosts[@]}" -gt 0 ] && [ $# -gt 1 ] && [ -n "${NATS:-}" ] || usage
shift
case $NATS in *@*)
    echo "by-hand: no password in NATS, please: it would show in the list of processes; use NATS_AUTH" >&2
    exit 2
    ;;
esac
program=$(command -v "${SMPPBENCH:-smppbench}") || { echo "by-hand: there is no ${SMPPBENCH:-smppbench}" >&2 && exit 2; }
unit=smppbench-agent-$$-$(date +%s)
folder=.cache/$unit # below the home of whoever logs in
ask=(ssh -o BatchMode=yes -o ConnectTimeout=10)
# which systemd: of the system for root, else of the user
which_one='if [ "$(id -u)" = 0 ]; then s=--system; else s=--user; fi'

started=()
cleanup() {
    local host
    for host in "${started[@]}"; do
        # SIGTERM: it drains and unbinds
        "${ask[@]}" "$host" "$which_one; systemctl \$s stop $unit 2>/dev/null; rm -rf $folder" ||
            echo "by-hand: $host could not be cleaned up: unit $unit, folder $folder" >&2
    done
}
trap cleanup EXIT
trap 'exit 130' INT TERM

for host in "${hosts[@]}"; do
    arguments=(agent --nats "$NATS" --name "${host#*@}")
    for target in ${TARGET:-}; do arguments+=(--allow-target "$target"); done
    settings="--unit=$unit --collect --quiet --property=LimitNOFILE=${NOFILE:-1048576} --property=TimeoutStopSec=60"
    settings+=" --property=RuntimeMaxSec=${LONGEST:-12h} --property=Restart=on-failure --property=RestartSec=2"
    started+=("$host")
    "${ask[@]}" "$host" "umask 077 && mkdir -p $folder && cat >$folder/smppbench && chmod 700 $folder/smppbench" <"$program"
    if [ -n "${NATS_AUTH:-}" ]; then
        "${ask[@]}" "$host" "umask 077 && cat >$folder/nats-auth" <"$NATS_AUTH"
    fi
    if [ -n "${SECRETS:-}" ]; then
        "${ask[@]}" "$host" "umask 077 && cat >$folder/secrets" <"$SECRETS"
        settings+=" --property=EnvironmentFile=\$HOME/$folder/secrets"
    fi
    line=$(printf ' %q' "${arguments[@]}")
    [ -z "${NATS_AUTH:-}" ] || line+=" --nats-auth \$HOME/$folder/nats-auth"
    "${ask[@]}" "$host" "$which_one; systemd-run \$s $settings -- \$HOME/$folder/smppbench$line"
    echo "by-hand: $host has agent ${host#*@}, unit $unit" >&2
done

lead=("$program" "$@" --nats "$NATS" --agents "${#hosts[@]}")
[ -z "${NATS_AUTH:-}" ] || lead+=(--nats-auth "$NATS_AUTH")
if [ -n "${SECRETS:-}" ]; then
    while IFS='=' read -r name value || [ -n "$name" ]; do
        case $name in '' | '#'*) ;; *) export "$name=$value" ;; esac
    done <"$SECRETS"
fi
code=0
"${lead[@]}" || code=$?
exit "$code"

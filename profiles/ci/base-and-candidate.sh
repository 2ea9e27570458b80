#!/bin/sh
# Is the candidate fit for release? Both builds of the SMSC run beside this job.
#   profiles/ci/base-and-candidate.sh BASE_HOST:PORT CANDIDATE_HOST:PORT OUT
# 1. the candidate keeps the limits of release.toml; 2. it is not worse than the base, measured in turns in this same job:
# figures of two jobs on two machines differ more than two releases do.
# Ends with smppbench's code: 0 fit, 5 a gate failed or the candidate is worse, 4 nothing can be said (docs/tasks/gate-in-ci.md).
# SMPPBENCH: the binary. BLOCKS, DURATION: how long each side is measured (6 blocks of 10s).
set -eu
base=$1 candidate=$2 out=$3
here=$(cd "$(dirname "$0")" && pwd)
smppbench=${SMPPBENCH:-smppbench}
code=0
"$smppbench" run "$here/release.toml" --target "$candidate" --live off --out "$out/candidate" || code=$?
case $code in 0 | 4) ;; *) exit "$code" ;; esac
"$smppbench" duel "$here/release.toml" --a "target.address=$base" --b "target.address=$candidate" --live off \
    --blocks "${BLOCKS:-6}" --warmup 1s --duration "${DURATION:-10s}" --rate 200 --gate --out "$out/duel" || code=$?
exit "$code"

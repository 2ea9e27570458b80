#!/usr/bin/env bash
# Makes what a package holds beside the program: man pages and completions.
# deploy/assets.sh PROGRAM FOLDER
set -euo pipefail
program=${1:?give the program, such as target/release/smppbench}
folder=${2:?give a folder, such as target/assets}
mkdir -p "$folder/man" "$folder/completions"
"$program" man | gzip --no-name > "$folder/man/smppbench.1.gz"
for verb in $("$program" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]\{2,\}\) .*/\1/p' | grep -v '^help$'); do
    "$program" man "$verb" | gzip --no-name > "$folder/man/smppbench-$verb.1.gz"
done
"$program" completions bash > "$folder/completions/smppbench.bash"
"$program" completions zsh > "$folder/completions/_smppbench"
"$program" completions fish > "$folder/completions/smppbench.fish"

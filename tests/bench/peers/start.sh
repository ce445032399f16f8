#!/bin/bash
# Start and end of `print(torch.ones(2,2):sum():item())` against the same in Python, alternating; the least of each.
#   tests/bench/peers/start.sh /path/to/python [/path/to/moonlab]
set -euo pipefail
python=${1:?"give the path of a Python that has torch"}
moonlab=${2:-"$(dirname "$0")/../../../build/moonlab"}

# seconds COMMAND...: how long it ran
seconds() {
  local start=$EPOCHREALTIME
  "$@" >/dev/null
  echo "$EPOCHREALTIME $start" | awk '{ print $1 - $2 }'
}

ours=() theirs=()
for _ in 1 2 3 4 5 6 7; do
  ours+=("$(seconds "$moonlab" -e 'print(torch.ones(2,2):sum():item())')")
  theirs+=("$(seconds "$python" -c 'import torch; print(torch.ones(2, 2).sum().item())')")
done
a=$(printf '%s\n' "${ours[@]}" | sort -g | sed -n 1p)
b=$(printf '%s\n' "${theirs[@]}" | sort -g | sed -n 1p)
awk -v a="$a" -v b="$b" 'BEGIN { printf "moonlab %.3f s, Python %.3f s, ratio %.3f\n", a, b, a / b }'

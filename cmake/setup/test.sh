#!/usr/bin/env bash
# test.sh [SPEC...]: runs every test: the C++ programs build/tests/test_*, the set-up's tests tests/cli/*.{sh,py}, then the Lua
# specs inside the host, whose runner counts on and prints the last line, "N passed, N failed, N skipped".
# With arguments only the Lua specs run, and the arguments choose among them.
# Exit codes: 0 all passed; 1 something failed.
set -uo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
build=$root/build
cd "$root" || exit
passed=0 failed=0 skipped=0

# Adds one program's counts to the whole and shows its line; its output where something failed, else what it skipped.
report() {
  local name=$1 log=$2 p=$3 f=$4 s=$5
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
  printf '%-24s %4d passed, %d failed, %d skipped, %d s\n' "$name" "$p" "$f" "$s" $((SECONDS - began))
  if [ "$f" -gt 0 ]; then sed 's/^/    /' "$log"; else grep -E '^ *SKIPPED: ' "$log" | sed 's/^ */    /'; fi
}

# Catch2 (v2) ends in "All tests passed (A assertions in N test cases)" or "test cases: N | P passed | F failed"; a test
# case that finds its data missing says "SKIPPED: reason" and is counted by Catch2 as passed.
run_catch() {
  local name=${1##*/} log=$1.log code p=0 f=0 s last
  began=$SECONDS
  "$1" >"$log" 2>&1 </dev/null
  code=$?
  last=$(tail -4 "$log" | grep -E '^(All tests passed|test cases:|No tests ran)')
  if [[ $last =~ in\ ([0-9]+)\ test\ case ]]; then p=${BASH_REMATCH[1]}; fi
  if [[ $last =~ ([0-9]+)\ passed ]]; then p=${BASH_REMATCH[1]}; fi
  if [[ $last =~ ([0-9]+)\ failed ]]; then f=${BASH_REMATCH[1]}; fi
  s=$(grep -cE '^ *SKIPPED: ' "$log")
  # ended by a signal, or before its first test
  if { [ $code -ne 0 ] || [ -z "$last" ]; } && [ "$f" -eq 0 ]; then
    f=1
    echo "$name ended with exit code $code and no count of its tests" >>"$log"
  fi
  report "$name" "$log" $((p > s ? p - s : 0)) "$f" "$s"
}

# A test of the set-up is a script that prints "ok NAME", "FAILED NAME: reason" or "SKIPPED: reason" for each of its cases.
run_script() {
  local name=tests/cli/${1##*/} interpreter=bash log code f
  if [[ $1 == *.py ]]; then interpreter=/usr/bin/python3; fi
  log=$build/tests/${1##*/}.log
  began=$SECONDS
  $interpreter "$1" >"$log" 2>&1 </dev/null
  code=$?
  f=$(grep -c '^FAILED ' "$log")
  if [ $code -ne 0 ] && [ "$f" -eq 0 ]; then
    f=1
    echo "$name ended with exit code $code" >>"$log"
  fi
  report "$name" "$log" "$(grep -c '^ok ' "$log")" "$f" "$(grep -c '^SKIPPED: ' "$log")"
}

shopt -s nullglob
if [ $# -eq 0 ]; then
  for program in "$build"/tests/test_*; do
    if [ -x "$program" ] && [ -f "$program" ]; then run_catch "$program"; fi
  done
  for test in tests/cli/*.sh tests/cli/*.py; do run_script "$test"; done
fi

log=$build/tests/lua.log
"$build/moonlab" tests/run.lua --passed $passed --failed $failed --skipped $skipped "$@" </dev/null 2>&1 | tee "$log"
code=${PIPESTATUS[0]}
# the runner itself broke down: that is a failure, and the count comes from here
if ! tail -1 "$log" | grep -qE '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$'; then
  echo "the Lua specs ended with exit code $code before their count"
  echo "$passed passed, $((failed + 1)) failed, $skipped skipped"
  exit 1
fi
exit $((code == 0 ? 0 : 1))

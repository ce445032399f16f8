#!/usr/bin/env bash
# shellcheck disable=SC2016  # stand-ins are written out, not expanded
# The launcher and its set-up, run in small checkouts with stand-ins for everything outside: package tools, CMake, Ninja.
# Nothing is installed, fetched or compiled. Prints "ok NAME" or "FAILED NAME: reason" for each case.
set -uo pipefail
source_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
space=$(mktemp -d)
trap 'rm -rf "$space"' EXIT

# ---- stand-ins ------------------------------------------------------------------------------------------------------
# Each appends its name and arguments to $space/calls.
fake() {
  { echo '#!/bin/bash'; echo "echo \"$1 \$*\" >>'$space/calls'"; cat; } >"$space/bin/$1"
  chmod +x "$space/bin/$1"
}

make_space() {
  rm -rf "${space:?}"/*
  mkdir -p "$space"/{bin,home}
  : >"$space/calls"
  fake cmake <<'END'
while [ $# -gt 0 ]; do
  case $1 in -S) source=$2 ;; -B) build=$2 ;; -DMOONLAB_TORCH=*) torch=${1#*=} ;; esac
  shift
done
if [ -f "$build/CMakeCache.txt" ] && ! grep -qx "CMAKE_HOME_DIRECTORY:INTERNAL=$source" "$build/CMakeCache.txt"; then
  echo "CMake Error: The source does not match"; exit 1
fi
printf 'CMAKE_HOME_DIRECTORY:INTERNAL=%s\nMOONLAB_TORCH:PATH=%s\n' "$source" "$torch" >"$build/CMakeCache.txt"
touch "$build/build.ninja"
END
  # "builds" what is older than the sources; a source that says so fails, another one takes long
  fake ninja <<'END'
build=$2 root=$(dirname "$2")
cat >/dev/null  # would take the program's input if it got it
echo "[0/1] Re-checking globbed directories..."
if grep -q '#error' "$root/host/a.cpp"; then
  echo "[1/2] Building CXX object a.o"; echo "FAILED: a.o"; echo "a.cpp:1:2: error: #error boom"; echo "ninja: build stopped"; exit 1
fi
if [ -x "$build/moonlab" ] && [ ! "$root/host/a.cpp" -nt "$build/moonlab" ]; then echo "ninja: no work to do."; exit; fi
echo "[1/2] Building CXX object a.o"
trap 'exit 130' INT
if grep -q slow "$root/host/a.cpp"; then sleep 2; fi
mkdir -p "$build/tests"
cat >"$build/moonlab" <<'PROGRAM'
#!/bin/sh
if [ "$1" = tests/run.lua ]; then shift; echo "runner: $*"; echo "3 passed, 0 failed, 0 skipped"; exit 0; fi
if [ "$1" = cat ]; then exec cat; fi
echo "program: $* torch=${MOONLAB_TORCH-} in $PWD"
exit 7
PROGRAM
printf '#!/bin/sh\necho "  SKIPPED: no /nowhere/mnist"\necho "All tests passed (5 assertions in 4 test cases)"\n' >"$build/tests/test_a"
printf '#!/bin/sh\necho "  CHECK( 1 == 2 )"\necho "test cases: 6 | 4 passed | 2 failed"\nexit 2\n' >"$build/tests/test_b"
printf '#!/bin/sh\nkill -SEGV $$\n' >"$build/tests/test_c"
chmod +x "$build/moonlab" "$build"/tests/test_*
echo "[2/2] Linking CXX executable moonlab"
END
  # every package is there but those named in $space/absent
  fake dpkg-query <<END
shift 3
for name; do grep -qx "\$name" '$space/absent' 2>/dev/null || echo "installed \$name"; done
END
  fake apt-get <<END
case " \$* " in
  *" --assume-no "*) echo "Need to get 5 MB of archives."; exit 1 ;;
  *" install "*) if [ -e '$space/offline' ]; then echo "E: Failed to fetch http://deb/g++"; exit 100; fi; rm -f '$space/absent' ;;
  *" update "*) if [ -e '$space/offline' ]; then echo "E: Could not resolve 'deb'"; exit 100; fi ;;
esac
END
  fake dpkg </dev/null
  fake id <<<'echo 0'
  fake sudo <<<'exit 1'
  fake_torch torch 13
  new_checkout "$space/main"
}

# A folder that looks like LibTorch 2.MINOR; any shared library of the machine stands in for the library.
fake_torch() {
  local folder=$space/$1 library
  library=$(ldd /bin/bash | awk '/libc\.so/ { print $3 }')
  mkdir -p "$folder"/{lib,include/torch/headeronly}
  cp "$library" "$folder/lib/libtorch_cpu.so"
  printf '#define TORCH_VERSION_MAJOR 2\n#define TORCH_VERSION_MINOR %s\n' "$2" >"$folder/include/torch/headeronly/version.h"
}

new_checkout() {
  mkdir -p "$1"/{host,bindings,stdlib,tests/cli,cmake}
  cp "$source_root/moonlab" "$1/"
  cp -r "$source_root/cmake/setup" "$1/cmake/"
  echo 'int a;' >"$1/host/a.cpp"
  touch "$1/CMakeLists.txt" "$1/stdlib/a.lua" "$1/tests/a.cpp"
  find "$1" -exec touch -d '1 minute ago' {} +
}

# launch ARGS...: runs the launcher of $space/main; sets out, err, code, calls (those of this launch).
launch() {
  : >"$space/calls"
  # started in the background by others, this script would pass on a SIGINT that is ignored
  (cd "$space" && env --default-signal=INT -u MAKEFLAGS PATH="$space/bin:$PATH" HOME="$space/home" XDG_CACHE_HOME= MOONLAB_HOME= MOONLAB_TORCH="${torch-$space/torch}" \
    "${launcher:-main/moonlab}" "$@") >"$space/out" 2>"$space/err" <<<"${input-}"
  code=$?
  out=$(<"$space/out") err=$(<"$space/err") calls=$(<"$space/calls")
}

# Waits until the launcher in the background builds, ten seconds at most.
await_ninja() {
  for _ in {1..200}; do
    if grep -q 'ninja -C' "$space/calls"; then return; fi
    sleep 0.05
  done
}

# ---- what a case expects --------------------------------------------------------------------------------------------
is() { [ "$2" = "$3" ] || problem="${problem:-$1 is '$2', not '$3'}"; }
has() { [[ $2 == *"$3"* ]] || problem="${problem:-$1 lacks '$3': $2}"; }
lacks() { [[ $2 != *"$3"* ]] || problem="${problem:-$1 holds '$3': $2}"; }

case_() {
  problem=
  unset torch launcher
  make_space
  "$1"
  if [ -z "$problem" ]; then echo "ok $1"; else echo "FAILED $1: $problem"; fi
}

# ---- cases ----------------------------------------------------------------------------------------------------------
first_call_builds_and_runs() {
  launch run 'a b' k=v
  is 'exit code' $code 7
  is stdout "$out" "program: run a b k=v torch=$space/torch in $space"
  has stderr "$err" 'moonlab: building Moonlab (2 steps'
  has calls "$calls" "-DMOONLAB_TORCH=$space/torch"
  has calls "$calls" 'ninja -C '
  lacks calls "$calls" 'tests/all'
}

input_belongs_to_the_program() {
  input='for the program' launch cat
  is stdout "$out" 'for the program'
}

second_call_goes_straight_to_the_run() {
  launch x
  launch y
  is stderr "$err" ''
  is calls "$calls" ''
  has stdout "$out" 'program: y'
}

changed_source_is_built_again_and_changed_lua_is_not() {
  launch x
  touch -d '1 second ago' "$space/main/stdlib/a.lua"
  launch y
  is calls "$calls" ''
  touch -d 'next minute' "$space/main/host/a.cpp"
  launch y
  has calls "$calls" 'ninja -C'
  lacks calls "$calls" 'cmake -S'
  has stderr "$err" 'building'
}

removed_source_is_noticed() {
  touch "$space/main/bindings/b.cpp"
  launch x
  sleep 0.02
  rm "$space/main/bindings/b.cpp"
  launch y
  has calls "$calls" 'ninja -C'
}

changed_torch_is_configured_and_remembered() {
  launch x
  fake_torch other 11
  torch=$space/other launch y
  has calls "$calls" "-DMOONLAB_TORCH=$space/other"
  torch='' launch y
  is calls "$calls" ''
  is 'exit code' $code 7
  torch=$space/other launch y
  is calls "$calls" ''
  touch -d 'next minute' "$space/main/host/a.cpp"
  torch='' launch y
  has calls "$calls" 'ninja -C'
  lacks calls "$calls" 'cmake -S'
}

fetched_torch_is_used_where_none_is_named() {
  mkdir -p "$space/home/.cache/moonlab/libtorch-2.13.0"
  mv "$space/torch" "$space/home/.cache/moonlab/libtorch-2.13.0/"
  torch='' launch x
  has calls "$calls" "-DMOONLAB_TORCH=$space/home/.cache/moonlab/libtorch-2.13.0/torch"
  is 'exit code' $code 7
}

no_network_for_torch() {
  torch='' PIP_NO_INDEX=1 PIP_FIND_LINKS='' launch x
  is 'exit code' $code 69
  has stderr "$err" 'fetching LibTorch 2.13.0'
  has stderr "$err" 'torch==2.13.0'
  has stderr "$err" "$space/home/.cache/moonlab/downloads"
  has stderr "$err" 'MOONLAB_TORCH=/path/to/libtorch'
  lacks stderr "$err" unexpectedly
  lacks calls "$calls" 'cmake -S'
}

wrong_torch_is_refused() {
  torch=$space/nowhere launch x
  is 'exit code' $code 69
  has stderr "$err" "MOONLAB_TORCH=$space/nowhere is no LibTorch: it needs include/ and lib/libtorch_cpu.so"
  fake_torch old 10
  torch=$space/old launch x
  is 'exit code' $code 69
  has stderr "$err" 'is LibTorch 2.10; Moonlab needs 2.11 or newer'
  echo text >"$space/torch/lib/libtorch_cpu.so"
  launch x
  is 'exit code' $code 69
  has stderr "$err" 'is damaged or for another machine'
  lacks calls "$calls" 'cmake -S'
}

missing_packages_without_rights() {
  printf 'libedit-dev\nmold\n' >"$space/absent"
  fake id <<<'echo 1000'
  launch x
  is 'exit code' $code 69
  has stderr "$err" '  apt-get update && apt-get install -y --no-install-recommends libedit-dev mold'
  lacks calls "$calls" apt-get
  lacks calls "$calls" 'cmake -S'
}

packages_moonlab_does_without_are_not_asked_for() {
  printf 'ccache\nmold\ngraphviz\n' >"$space/absent"
  launch x
  is 'exit code' $code 7
  lacks calls "$calls" apt-get
}

missing_packages_are_installed_as_root_and_through_sudo() {
  printf 'libedit-dev\nmold\n' >"$space/absent"
  launch x
  is 'exit code' $code 7
  has calls "$calls" 'install -y --no-install-recommends libedit-dev mold'
  has stderr "$err" '5 MB to fetch'

  make_space
  echo libedit-dev >"$space/absent"
  fake id <<<'echo 1000'
  fake sudo <<<'shift; exec "$@"'
  launch x
  is 'exit code' $code 7
  has calls "$calls" 'sudo -n env'
}

no_network_for_packages() {
  echo libedit-dev >"$space/absent"
  touch "$space/offline"
  launch x
  is 'exit code' $code 69
  has stderr "$err" 'still missing: libedit-dev'
  has stderr "$err" "E: Could not resolve 'deb'"
}

failed_build_shows_the_first_error_and_continues_later() {
  echo '#error' >"$space/main/host/a.cpp"
  launch x
  is 'exit code' $code 1
  has stderr "$err" 'a.cpp:1:2: error: #error boom'
  has stderr "$err" "$space/main/build/build.log"
  is stdout "$out" ''
  echo 'int a;' >"$space/main/host/a.cpp"
  launch x
  is 'exit code' $code 7
}

interrupted_build_continues() {
  echo slow >"$space/main/host/a.cpp"
  # a terminal's Ctrl-C reaches the whole foreground group: so does this
  (
    set -m
    (launch x; echo $code >"$space/code") &
    await_ninja
    sleep 0.2
    kill -INT -- -$!
    wait
  ) >/dev/null 2>&1
  has stderr "$(<"$space/err")" 'interrupted; call again to continue'
  [ ! -e "$space/main/build/.program" ] || problem=${problem:-an interrupted build counts as done}
  launch y
  is 'exit code' $code 7
  has stdout "$out" 'program: y'
}

source_changed_during_a_build_is_built_next_time() {
  echo slow >"$space/main/host/a.cpp"
  { await_ninja; touch "$space/main/bindings/b.cpp"; } &
  launch x
  wait
  launch y
  has calls "$calls" 'ninja -C'
}

two_calls_at_once() {
  echo slow >"$space/main/host/a.cpp"
  (cd "$space" && PATH="$space/bin:$PATH" MOONLAB_TORCH=$space/torch main/moonlab first) >"$space/out1" 2>"$space/err1" &
  await_ninja
  launch second
  wait
  has 'stderr of the second' "$err" 'another call is setting up this checkout; waiting for it'
  lacks 'stderr of the second' "$err" 'building'
  has 'stdout of the second' "$out" 'program: second'
  has 'stdout of the first' "$(<"$space/out1")" 'program: first'
}

moved_checkout_is_configured_anew() {
  launch x
  mv "$space/main" "$space/moved"
  launcher=moved/moonlab launch y
  is 'exit code' $code 7
  has calls "$calls" "-S $space/moved"
}

called_through_a_link() {
  ln -s ../main/moonlab "$space/bin/lab"
  launcher=lab launch x
  is 'exit code' $code 7
}

full_disk_is_said_beforehand() {
  fake df <<<'printf "Filesystem 1M-blocks Used Available\ndisk 10 5 5\n"'
  launch x
  is 'exit code' $code 69
  has stderr "$err" 'has 5 MB free and needs about'
  lacks calls "$calls" 'ninja -C'
}

tests_are_counted() {
  launch test
  is 'exit code' $code 0
  has calls "$calls" 'moonlab tests/all'
  has stdout "$out" 'SKIPPED: no /nowhere/mnist'
  has stdout "$out" 'CHECK( 1 == 2 )'
  # test_a: 3 of 4 and 1 skipped; test_b: 4 and 2 failed; test_c: ended by a signal
  has stdout "$out" 'runner: --passed 7 --failed 3 --skipped 1'
  is 'last line' "$(tail -1 <<<"$out")" '3 passed, 0 failed, 0 skipped'
  launch y
  is calls "$calls" ''
  touch -d 'next minute' "$space/main/tests/a.cpp"
  launch test
  has calls "$calls" 'ninja -C'
}

broken_runner_is_a_failure() {
  launch x
  sed -i 's/echo "3 passed.*exit 0/kill -SEGV $$/' "$space/main/build/moonlab"
  launch test
  is 'exit code' $code 1
  is 'last line' "$(tail -1 <<<"$out")" '7 passed, 4 failed, 1 skipped'
}

for name in $(declare -F | awk '{ print $3 }'); do
  case $name in fake | make_space | fake_torch | new_checkout | launch | await_ninja | is | has | lacks | case_) ;; *) case_ "$name" ;; esac
done

#!/usr/bin/env bash
# prepare.sh program|test: makes build/moonlab, or it and all test programs, from whatever state the machine is in:
# Debian packages, LibTorch, configuration, compilation. Every step looks first whether there is anything to do, and an
# interrupted one is continued by the next call.
# Exit codes: 0 done; 1 configuration or compilation failed; 69 something outside is missing; 130 interrupted.
set -Eeuo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
build=$root/build
for part in say packages libtorch build; do
  # shellcheck source=/dev/null
  source "$root/cmake/setup/$part.sh"
done
trap 'echo "moonlab: set-up failed unexpectedly (${BASH_SOURCE[0]##*/}, line $LINENO)" >&2' ERR
trap 'printf "\nmoonlab: interrupted; call again to continue\n" >&2; exit 130' INT

mkdir -p "$build" 2>/dev/null && [ -w "$build" ] || stop $UNAVAILABLE "cannot write to $build"
exec 9>"$build/.lock"
if ! flock -n 9; then
  echo "moonlab: another call is setting up this checkout; waiting for it" >&2
  flock 9
fi

began=$build/.began  # its time: sources changed from now on are newer than the build
touch "$began"
ensure_packages
ensure_torch
configure
case $1 in
  program) compile Moonlab moonlab; built=program ;;
  test) compile "Moonlab and its tests" moonlab tests/all; built='program test' ;;
esac
for target in $built; do
  printf '%s\n%s\n' "$torch" "$root" >"$build/.stamp"
  touch -r "$began" "$build/.stamp"
  mv "$build/.stamp" "$build/.$target"
done

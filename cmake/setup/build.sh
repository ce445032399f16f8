# shellcheck shell=bash disable=SC2154  # sourced by prepare.sh, which sets root and build
# Configures and builds: a line that renews itself on a terminal, plain lines elsewhere, the first error on failure. Sourced.

# Jobs at once: one a core, but no more than memory holds (a compiler with ATen's headers takes about 1.2 GB).
build_jobs() {
  local cores memory
  cores=$(env -u OMP_NUM_THREADS -u OMP_THREAD_LIMIT nproc)
  memory=$(awk '$1 == "MemAvailable:" { print int($2 / 1200000) }' /proc/meminfo)
  echo $((memory < 1 ? 1 : memory < cores ? memory : cores))
}

configure() {
  local configured
  configured=$(sed -n 's/^CMAKE_HOME_DIRECTORY:INTERNAL=//p' "$build/CMakeCache.txt" 2>/dev/null || true)
  # a checkout that was moved or copied with its build: CMake refuses to go on with another folder's cache
  if [ -n "$configured" ] && [ "$configured" != "$root" ]; then rm -rf "$build/CMakeCache.txt" "$build/CMakeFiles" "$build/build.ninja"; fi
  if [ -f "$build/build.ninja" ] && [ "$(remembered_torch)" = "$torch" ]; then return; fi
  step "configuring the build with LibTorch $(torch_version "$torch") at $torch"
  if ! cmake -S "$root" -B "$build" -G Ninja -DMOONLAB_TORCH="$torch" >"$build/configure.log" 2>&1; then
    local why
    mapfile -t why < <(grep -A6 -m1 '^CMake Error' "$build/configure.log")
    rm -f "$build/CMakeCache.txt"
    stop 1 "configuring failed (all of it: $build/configure.log)" "${why[@]}"
  fi
  finished
}

# Reads ninja's output: everything into the log (descriptor 3), the count shown once there is something to build.
follow_build() {
  local line shown width=0
  if [ -t 2 ]; then width=$(stty size <&2 | cut -d' ' -f2); fi
  if [ "$width" -lt 20 ]; then width=80; fi  # a terminal that does not know its size says 0
  while IFS= read -r line; do
    printf '%s\n' "$line" >&3
    [[ $line =~ ^\[([0-9]+)/([0-9]+)\]\ ([BL].*) ]] || continue  # Building, Linking; not CMake looking at its own files
    if [ -z "${shown:-}" ]; then
      shown=$SECONDS
      step "building $1 (${BASH_REMATCH[2]} steps, $jobs at a time)"
    fi
    if [ -t 2 ]; then
      line=${BASH_REMATCH[3]##* } line=${line%.o}
      line="  ${BASH_REMATCH[1]} of ${BASH_REMATCH[2]}, $((SECONDS - step_began)) s: ${line#*.dir/}"
      printf '\r\033[K%s' "${line:0:width-1}" >&2
    elif [ $((SECONDS - shown)) -ge 10 ]; then
      shown=$SECONDS
      echo "  ${BASH_REMATCH[1]} of ${BASH_REMATCH[2]} after $((SECONDS - step_began)) s" >&2
    fi
  done
  if [ -t 2 ] && [ -n "${shown:-}" ]; then printf '\r\033[K' >&2; fi
}

# compile WHAT TARGETS...: brings the targets up to date; says nothing where they are.
compile() {
  local what=$1 log=$build/build.log code=0 jobs
  shift
  jobs=$(build_jobs)
  if [ ! -x "$build/moonlab" ]; then need_room "$build" 1000 "the build"; fi
  step_began=$SECONDS
  NINJA_STATUS='[%f/%t] ' ninja -C "$build" -j "$jobs" "$@" 2>&1 | follow_build "$what" 3>"$log" || code=$?
  case $code in
    0) if grep -q '^\[[0-9/]*\] [BL]' "$log"; then finished; fi ;;
    130) kill -INT $$ ;;
    *) stop 1 "the build failed; the first error (all of it: $log):" "$(first_error "$log")" ;;
  esac
}

# The first line that names an error, with the few around it; without one, what ninja reported last.
first_error() { grep -m1 -E -A5 '(error|undefined reference|undefined symbol|fatal)[: ]' "$1" || tail -5 "$1"; }

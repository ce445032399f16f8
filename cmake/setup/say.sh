# shellcheck shell=bash
# Messages of the set-up, all on stderr: stdout belongs to the program. Sourced.
readonly UNAVAILABLE=69  # exit code: something outside is missing (a package, rights, a file, the network, room on the disk)

# step TEXT: a step begins. finished: it is done, with the time it took.
step() { step_began=$SECONDS; echo "moonlab: $1" >&2; }
finished() { echo "  done in $((SECONDS - step_began)) s" >&2; }

# stop CODE TEXT...: the reason on the first line, further lines as they are, and out.
stop() {
  local code=$1
  echo "moonlab: $2" >&2
  shift 2
  [ $# -eq 0 ] || printf '  %s\n' "$@" >&2
  exit "$code"
}

# need_room FOLDER MEGABYTES PURPOSE: stops early instead of filling the disk.
need_room() {
  local free
  free=$(df -Pm "$1" | awk 'NR == 2 { print $4 }')
  [ "$free" -ge "$2" ] || stop $UNAVAILABLE "no room for $3: $1 has $free MB free and needs about $2 MB" \
    "make room, then call again; what is done already is kept"
}

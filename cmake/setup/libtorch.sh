# shellcheck shell=bash disable=SC2154  # sourced by prepare.sh, which sets root and build
# LibTorch: the folder named by MOONLAB_TORCH, or the one of the last build, or one fetched from the wheels. Sourced.
# A folder of LibTorch holds include/ and lib/: an unpacked libtorch archive, or the torch/ folder of a wheel.

readonly TORCH_VERSION=2.13.0 TORCH_OLDEST=2.11
home=${MOONLAB_HOME:-${XDG_CACHE_HOME:-$HOME/.cache}/moonlab}
fetched_torch=$home/libtorch-$TORCH_VERSION/torch

# Prints the folder of the last configuration, if it is still there.
remembered_torch() {
  local folder
  folder=$(sed -n 's/^MOONLAB_TORCH:[A-Z]*=//p' "$build/CMakeCache.txt" 2>/dev/null || true)
  [ -z "$folder" ] || [ ! -e "$folder/lib/libtorch_cpu.so" ] || echo "$folder"
}

torch_must_be_fetched() {
  [ -z "${MOONLAB_TORCH:-}" ] && [ -z "$(remembered_torch)" ] && [ ! -e "$fetched_torch" ]
}

# Prints MAJOR.MINOR of a LibTorch; the header moved in 2.10.
torch_version() {
  local header
  for header in "$1/include/torch/headeronly/version.h" "$1/include/torch/csrc/api/include/torch/version.h"; do
    [ -f "$header" ] || continue
    awk '$2 == "TORCH_VERSION_MAJOR" { major = $3 } $2 == "TORCH_VERSION_MINOR" { minor = $3 }
         END { if (major != "") print major "." minor }' "$header"
    return
  done
}

# Stops unless the folder holds a LibTorch that can be built against and loaded.
check_torch() {
  local folder=$1 given=$2 version unfound
  [ -d "$folder/include" ] && [ -f "$folder/lib/libtorch_cpu.so" ] ||
    stop $UNAVAILABLE "$given is no LibTorch: it needs include/ and lib/libtorch_cpu.so"
  version=$(torch_version "$folder")
  [ -n "$version" ] || stop $UNAVAILABLE "$given names no version: no version.h below include/torch"
  [ "$(printf '%s\n' "$TORCH_OLDEST" "$version" | sort -V | head -1)" = "$TORCH_OLDEST" ] ||
    stop $UNAVAILABLE "$given is LibTorch $version; Moonlab needs $TORCH_OLDEST or newer"
  ldd "$folder/lib/libtorch_cpu.so" >/dev/null 2>&1 ||
    stop $UNAVAILABLE "$given is damaged or for another machine: lib/libtorch_cpu.so cannot be loaded here"
  unfound=$(ldd "$folder/lib/libtorch_cpu.so" | awk '/not found/ { print $1 }' | tr '\n' ' ')
  [ -z "$unfound" ] || stop $UNAVAILABLE "$given lacks libraries that libtorch_cpu.so loads: $unfound" \
    "a CUDA build expects them in $(dirname "$folder")/nvidia (the wheels nvidia-cuda-runtime and nvidia-cuda-cupti) or on LD_LIBRARY_PATH"
}

# Sets torch to the folder to build against.
ensure_torch() {
  if [ -n "${MOONLAB_TORCH:-}" ]; then
    torch=$(realpath -m "$MOONLAB_TORCH")
    check_torch "$torch" "MOONLAB_TORCH=$MOONLAB_TORCH"
    return
  fi
  torch=$(remembered_torch)
  [ -z "$torch" ] || return 0
  torch=$fetched_torch
  if [ ! -e "$torch" ]; then fetch_torch; fi
  check_torch "$torch" "$torch"
}

fetch_torch() {
  local python=/usr/bin/python3 code=0 kept
  "$python" -c 'import pip' 2>/dev/null || python=python3
  mkdir -p "$home/downloads" 2>/dev/null || stop $UNAVAILABLE "cannot write to $home" "set MOONLAB_HOME to a folder of yours"
  step "fetching LibTorch $TORCH_VERSION and the two CUDA runtime libraries it links against (515 MB, unpacked 1.1 GB) into $(dirname "$torch")"
  # what an interrupted call has fetched takes its place already
  kept=$(find "$home/downloads" -name "torch-$TORCH_VERSION-*" -printf '%s\n' | awk '{ sum += $1 } END { print int(sum / 1e6) }')
  need_room "$home" $((1700 - kept)) "LibTorch"
  # pinned, because libtorch_cpu.so looks for exactly this line of the runtime in ../nvidia/cu13/lib
  "$python" "$root/cmake/setup/fetch_wheel.py" torch==$TORCH_VERSION nvidia-cuda-runtime==13.0.96 \
    nvidia-cuda-cupti==13.0.85 "$(dirname "$torch")" torch/lib torch/include torch/share nvidia/cu13/lib || code=$?
  [ $code -ne $UNAVAILABLE ] || stop $code "LibTorch is missing; an existing one (CPU or CUDA, $TORCH_OLDEST or newer) is used with" "MOONLAB_TORCH=/path/to/libtorch ./moonlab ..."
  [ $code -eq 0 ] || exit $code
  finished
}

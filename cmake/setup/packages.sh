# shellcheck shell=bash disable=SC2154  # sourced by prepare.sh, which sets root and build
# Debian packages: finds what is missing, installs it as root or through sudo, or says who must type what. Sourced.

# Prints those of packages.txt that are not installed; with "needed" only the ones that are needed.
missing_packages() {
  local listed
  listed=$(sed 's/#.*//; s/ *$//; /^$/d' "$root/cmake/setup/packages.txt")
  if [ "${1-}" = needed ]; then listed=$(grep -v '?$' <<<"$listed"); fi
  listed=${listed//\?/}
  # dpkg-query fails where it does not know a package at all, and prints the others all the same
  # shellcheck disable=SC2086
  { dpkg-query -W -f '${db:Status-Status} ${Package}\n' $listed 2>/dev/null || true; } |
    awk -v listed="$listed" '$1 == "installed" { there[$2] }
      END { n = split(listed, names, /\n/); for (i = 1; i <= n; i++) if (!(names[i] in there)) print names[i] }'
}

apt_get() { LC_ALL=C DEBIAN_FRONTEND=noninteractive "${rights[@]}" apt-get -q -o DPkg::Lock::Timeout=600 "$@"; }

# What apt-get says of the sizes, or nothing where its lists do not know a package.
package_sizes() {
  # --assume-no ends in failure by its nature
  { LC_ALL=C apt-get install --assume-no --no-install-recommends "$@" 2>/dev/null || true; } |
    sed -n 's/^Need to get \(.*\) of archives.*/\1 to fetch/p; s/^After this operation, \(.*\) of additional.*/, \1 on disk/p' | tr -d '\n'
}

ensure_packages() {
  if ! command -v dpkg-query >/dev/null; then
    [ -f "$build/build.ninja" ] || echo "moonlab: this is no Debian; the packages of cmake/setup/packages.txt must be here in your system's own form" >&2
    return
  fi
  local needed missing sizes log=$build/apt.log
  mapfile -t needed < <(missing_packages needed)
  # with an existing LibTorch pip has nothing to fetch before the build
  if [ "${needed[*]}" = python3-pip ] && ! torch_must_be_fetched; then return; fi
  [ ${#needed[@]} -gt 0 ] || return 0
  mapfile -t missing < <(missing_packages)
  local line="apt-get update && apt-get install -y --no-install-recommends ${missing[*]}"

  rights=()
  if [ "$(id -u)" -ne 0 ]; then
    if sudo -n true 2>/dev/null; then rights=(sudo -n env LC_ALL=C DEBIAN_FRONTEND=noninteractive)
    else
      stop $UNAVAILABLE "${#missing[@]} Debian packages are missing, and installing them takes an administrator's rights." \
        "Hand over this line, then call again:" "" "$line"
    fi
  fi

  step "installing ${#missing[@]} Debian packages: ${missing[*]}"
  # an interrupted dpkg refuses everything until it was allowed to finish
  if [ -n "$(dpkg --audit 2>/dev/null)" ]; then "${rights[@]}" dpkg --configure -a >"$log" 2>&1 || true; fi
  sizes=$(package_sizes "${missing[@]}")
  if [ -z "$sizes" ]; then
    apt_get update >"$log" 2>&1 || apt_failed "apt-get update"
    sizes=$(package_sizes "${missing[@]}")
  fi
  [ -z "$sizes" ] || echo "  $sizes" >&2
  # lists that are too old name files which are gone: once more with new ones
  apt_get install -y --no-install-recommends "${missing[@]}" >"$log" 2>&1 ||
    { apt_get update >>"$log" 2>&1 && apt_get install -y --no-install-recommends "${missing[@]}" >>"$log" 2>&1; } ||
    apt_failed "apt-get install"
  finished
}

apt_failed() {
  local why
  mapfile -t why < <(grep -E '^(E|Err|W):' "$log" | tail -4)
  stop $UNAVAILABLE "$1 failed; still missing: $(missing_packages needed | tr '\n' ' ')" "${why[@]}" "(all of it: $log)" \
    "Install them in another way, for instance with this line on a connected machine's mirror, then call again:" "" "$line"
}

# shellcheck shell=sh disable=SC2154
# A bare root of a release of Debian, for the scripts beside it: no package is there but those of debootstrap's minbase.
# Sourced first, with these set:
#   suite   a release of Debian: bookworm
#   source  a git repository; what is committed is cloned to /opt/heapster in the root
#   logs    a folder for the logs
#   cache   a folder that keeps downloaded packages for the next time, and nothing else; or empty
# Then `begin_root` makes the root, $root, which is removed at the end of the script.

cannot() {
  printf '%s: not tried: %s\n' "$suite" "$*"
  exit 77
}

fail() {
  printf '%s: fails: %s\n' "$suite" "$*"
  exit 1
}

[ "$(id -u)" -eq 0 ] || cannot 'it needs root'
for program in debootstrap apt-get git unshare; do
  command -v "$program" >/dev/null || cannot "it needs $program"
done
# A namespace of its own, so that no mount is left behind.
if [ "${BARE_ROOT_NAMESPACE-}" != "$$" ]; then
  unshare -m true 2>/dev/null || cannot 'the system allows no mounts'
  exec env BARE_ROOT_NAMESPACE=$$ unshare -m sh "$0" "$@"
fi

# The Debian mirror that apt uses here; where nothing is known of the sources yet, the first that is not for security.
# shellcheck disable=SC2016 # apt's own variable
mirror() {
  found=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Label: Debian' 2>/dev/null | head -n 1)
  [ "$found" ] || found=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
    grep -vi security | head -n 1)
  echo "$found"
}

remove_root() {
  umount -R "$1/dev" "$1/proc" 2>/dev/null
  if grep -qF " $1/" /proc/self/mounts; then
    echo "$suite: $1 is left: something is mounted there" >&2
  else
    rm -rf --one-file-system "$1"
  fi
}

mount_root() {
  { mount -t proc proc "$root/proc" && mount --rbind /dev "$root/dev"; } || cannot 'the system allows no mounts'
}

in_root() {
  chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root ${http_proxy:+http_proxy="$http_proxy"} \
    sh -c "$1" </dev/null
}

make_root() {
  mirror=$(mirror)
  [ "$mirror" ] || cannot "there is no mirror of Debian among apt's sources"
  script=/usr/share/debootstrap/scripts/$suite
  [ -e "$script" ] || script=/usr/share/debootstrap/scripts/sid # a debootstrap that is older than the release
  debootstrap --variant=minbase ${cache:+--cache-dir="$cache"} "$suite" "$root" "$mirror" "$script" \
    >"$logs/debootstrap.log" 2>&1 || cannot "debootstrap: $(tail -n 1 "$logs/debootstrap.log")"
  # A release that is not made any more has an expired date.
  printf 'Acquire::Check-Valid-Until "false";\n' >"$root/etc/apt/apt.conf.d/99valid"
  # Nobody needs the root after a power cut.
  echo force-unsafe-io >"$root/etc/dpkg/dpkg.cfg.d/unsafe-io"
  mount_root
  in_root 'apt-get -q update -o APT::Update::Error-Mode=any' >"$logs/update.log" 2>&1 ||
    cannot "the mirror: $(grep '^E:' "$logs/update.log" | head -n 1)"
  git -c safe.directory='*' clone -q "$source" "$root/opt/heapster" || cannot "$source cannot be cloned"
}

keep_packages() {
  in_root 'apt-get -q autoclean' >/dev/null 2>&1
  cp -n "$root"/var/cache/apt/archives/*.deb "$cache"
}

# The root's folder is "$1-$suite-...".
begin_root() {
  mkdir -p "$logs" ${cache:+"$cache"} || cannot "$logs cannot be made"
  logs=$(cd "$logs" && pwd -P)
  rm -f "$logs"/*.log "$logs/versions"
  [ ! "$cache" ] || cache=$(cd "$cache" && pwd -P)
  root=$(mktemp -d "${TMPDIR:-/tmp}/$1-$suite-XXXXXX") || cannot 'no folder for the root'
  # shellcheck disable=SC2064 # this root
  trap "remove_root '$root'" EXIT
  trap 'exit 130' INT TERM HUP
  chmod 755 "$root"
  make_root
  [ ! "$cache" ] || cp "$cache"/*.deb "$root/var/cache/apt/archives" 2>/dev/null
}

#!/bin/sh
# The README's two commands, ./dev demo and ./dev test, in a bare Debian made for it: no package is there but those that
# they install themselves.
# usage: bare_root.sh SUITE SOURCE LOGS [CACHE], as root
#   SUITE   a release of Debian: bookworm
#   SOURCE  a git repository; what is committed is tried, in a clone
#   LOGS    a folder, for demo.log, test.log and versions
#   CACHE   a folder that keeps downloaded packages for the next time, and nothing else
# The last line on standard output says what was found. The status is 0 if both commands ended with 0 and no test was
# skipped because something is not installed, 77 if it could not be tried, else 1.
set -u

suite=$1 source=$2 logs=$3 cache=${4-}

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
  umount -R "$root/dev" "$root/proc" 2>/dev/null
  if grep -qF " $root/" /proc/self/mounts; then
    echo "$suite: $root is left: something is mounted there" >&2
  else
    rm -rf --one-file-system "$root"
  fi
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
  { mount -t proc proc "$root/proc" && mount --rbind /dev "$root/dev"; } || cannot 'the system allows no mounts'
  in_root 'apt-get -q update -o APT::Update::Error-Mode=any' >"$logs/update.log" 2>&1 ||
    cannot "the mirror: $(grep '^E:' "$logs/update.log" | head -n 1)"
  git -c safe.directory='*' clone -q "$source" "$root/opt/heapster" || cannot "$source cannot be cloned"
}

keep_packages() {
  in_root 'apt-get -q autoclean' >/dev/null 2>&1
  cp -n "$root"/var/cache/apt/archives/*.deb "$cache"
}

first_error() {
  grep -m 1 -E 'error:|^E: |CMake Error' "$1" || tail -n 1 "$1"
}

versions() {
  # shellcheck disable=SC2016 # of the shell in there
  in_root '
    echo "glibc $(ldd --version | sed -n "1s/.* //p")"
    echo "gcc $(gcc -dumpfullversion)"
    echo "CMake $(cmake --version | sed -n "1s/.* //p")"
    echo "cmocka $(dpkg-query -W -f "\${Version}" libcmocka-dev | sed "s/-.*//")"
    echo "SWIG $(swig -version | sed -n "s/^SWIG Version //p")"
    echo "Lua $(lua5.4 -v | cut -d " " -f 2)"
    echo "CPython $(python3 -V | cut -d " " -f 2)"'
}

mkdir -p "$logs" ${cache:+"$cache"} || cannot "$logs cannot be made"
logs=$(cd "$logs" && pwd -P)
rm -f "$logs"/*.log "$logs/versions"
[ ! "$cache" ] || cache=$(cd "$cache" && pwd -P)
root=$(mktemp -d "${TMPDIR:-/tmp}/heapster-$suite-XXXXXX") || cannot 'no folder for the root'
trap remove_root EXIT
trap 'exit 130' INT TERM HUP
chmod 755 "$root"
make_root
[ ! "$cache" ] || cp "$cache"/*.deb "$root/var/cache/apt/archives" 2>/dev/null

words=
for command in demo test; do
  begin=$(date +%s)
  in_root "cd /opt/heapster && ./dev $command" >"$logs/$command.log" 2>&1
  status=$?
  [ ! "$cache" ] || keep_packages
  passed=$(grep -o '[0-9]*% tests passed.*' "$logs/$command.log")
  [ "$status" -eq 0 ] || fail "./dev $command: status $status: ${passed:-$(first_error "$logs/$command.log")}"
  words="${words}$command $(($(date +%s) - begin)) s, "
done
missing=$("$(dirname "$0")/missing.sh" "$(cat "$root/etc/debian_version")" "$logs/test.log")
[ ! "$missing" ] || fail "skipped for want of a package: $(printf '%s' "$missing" | tr '\n' ';')"
versions >"$logs/versions"
printf '%s: passes: %s%s; %s\n' "$suite" "$words" "$passed" "$(tr '\n' ',' <"$logs/versions" | sed 's/,$//; s/,/, /g')"

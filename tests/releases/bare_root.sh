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

# shellcheck source=tests/releases/root.sh
. "${0%/*}/root.sh"

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

begin_root heapster

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

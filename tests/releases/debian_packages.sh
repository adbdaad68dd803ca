#!/bin/sh
# The Debian packages: made by ./dev deb in a bare Debian, installed and used in a second one, which has nothing of the
# build; removed again.
# usage: debian_packages.sh SUITE SOURCE LOGS [CACHE], as root
#   SUITE   a release of Debian: bookworm
#   SOURCE  a git repository; what is committed is tried, in a clone
#   LOGS    a folder, for the logs and the packages
#   CACHE   a folder that keeps downloaded packages for the next time, and nothing else
# The last line on standard output says what was found. The status is 0 if all worked, 77 if it could not be tried, else 1.
set -u

suite=$1 source=$2 logs=$3 cache=${4-}
# shellcheck source=tests/releases/root.sh
. "${0%/*}/root.sh"

# Runs a line in the root that must end with 0 and whose output must match.
expect() {
  said=$(in_root "$2" 2>&1) || fail "$1: status $?: $said"
  printf '%s\n' "$said" | grep -qE "$3" || fail "$1: $said"
}

install() {
  in_root "apt-get -qy install --no-install-recommends $1" >>"$logs/install.log" 2>&1 ||
    fail "apt-get install $1: $(grep -m 1 '^E:' "$logs/install.log")"
}

use_command() {
  expect 'the command' 'heapster run -- ls / 2>&1 >/dev/null' '^alloc_count: [1-9]'
  expect 'its manual' 'zcat /usr/share/man/man1/heapster.1.gz' 'heapster run'
}

use_python() {
  script='import heapster, importlib.metadata as m; s = heapster.stats; print(heapster.__version__ == m.version("heapster"))'
  expect 'Python' "python3 -c '$script; print(s(\"python\").alloc_count)'" '^[1-9]'
  script='import heapster; print(heapster.stats("malloc").alloc_count, heapster.stats("python").alloc_count)'
  expect 'Python under the command' "heapster run -o /dev/null -- python3 -c '$script'" '^[1-9][0-9]* [1-9]'
  expect 'python -m heapster' 'python3 -m heapster run -- true 2>&1' '^alloc_count: '
  install python3-pytest
  echo 'def test_nothing(): pass' >"$root/opt/test_nothing.py"
  expect 'the pytest plugin' 'cd /opt && python3 -m pytest --heap-all --heap-baseline=off test_nothing.py' '^plugins:.*heapster'
}

use_lua() {
  expect 'Lua' "lua5.4 -e 'print(require(\"heapster\").stats(\"lua\").alloc_count)'" '^[1-9]'
  script='local h = require "heapster" print(h.stats("malloc").alloc_count, h.stats("lua").alloc_count)'
  expect 'Lua under the command' "heapster run -o /dev/null -- lua5.4 -e '$script'" '^[1-9][0-9]*.[1-9]'
}

use_c() {
  install 'gcc libc6-dev pkgconf'
  cp "$root/opt/heapster/tests/hosts/consumer/consumer.c" "$root/opt"
  for way in 'heapster 1 -1 none' 'heapster-static 1 -1 none' 'heapster-malloc 1 10 link'; do
    package=${way%% *}
    # shellcheck disable=SC2016 # of the shell in there
    expect "a C program with $package" \
      "cd /opt && gcc consumer.c "'$(pkg-config --cflags --libs '"$package) -o c-$package && ./c-$package" "^${way#* }\$"
  done
}

remove_packages() {
  # shellcheck disable=SC2016 # of the shell in there
  in_root 'apt-get -qy purge $(dpkg-query -W -f "\${Package} " "*heapster*")' >"$logs/purge.log" 2>&1 ||
    fail "apt-get purge: $(tail -n 1 "$logs/purge.log")"
  left=$(in_root 'find / -xdev -path /opt -prune -o -path /var/cache -prune -o -name "*heapster*" -print')
  [ ! "$left" ] || fail "left after apt-get purge: $(echo "$left" | tr '\n' ' ')"
}

begin_root heapster-build
first=$root
second=$(mktemp -d "${TMPDIR:-/tmp}/heapster-use-$suite-XXXXXX") || cannot 'no folder for the second root'
trap 'remove_root "$first"; remove_root "$second"' EXIT
cp -ax "$first/." "$second"

in_root 'cd /opt/heapster && ./dev deb' >"$logs/deb.log" 2>&1 || fail "./dev deb: $(tail -n 1 "$logs/deb.log")"
[ ! "$cache" ] || keep_packages
rm -f "$logs"/*.deb
cp "$root"/opt/heapster/build/debian/packages/*.deb "$logs"

root=$second
mount_root
mkdir "$root/opt/packages"
cp "$logs"/*.deb "$root/opt/packages"
in_root 'cd /opt/packages && apt-get -qy install ./heapster*.deb' >"$logs/install.log" 2>&1 ||
  fail "apt-get install: $(grep -m 1 '^E:' "$logs/install.log")"
use_command
use_python
use_lua
use_c
[ ! "$cache" ] || keep_packages
remove_packages
printf '%s: passes: %s packages made, installed, used, removed\n' "$suite" "$(find "$logs" -name '*.deb' | wc -l)"

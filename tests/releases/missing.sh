#!/bin/sh
# The tests that ./dev test skipped because something is not installed, a line each. Left out is what this Debian has no
# package for, as dev's table says.
# usage: missing.sh DEBIAN LOG
#   DEBIAN  as in /etc/debian_version: 12.8
#   LOG     what ./dev test printed
set -eu

debian=$1 log=$2
dev=$(dirname "$0")/../../dev

known=$(for release in 12 13 forky; do "$dev" packages "$release" build test; done)
here=$("$dev" packages "$debian" build test)
sed -n 's/^dev: skipped: //p' "$log" | grep 'not installed' | while read -r skipped; do
  name=${skipped% is not installed}
  name=${name##* }
  if printf '%s\n' "$known" | grep -qxF -e "$name" && ! printf '%s\n' "$here" | grep -qxF -e "$name"; then continue; fi
  printf '%s\n' "$skipped"
done

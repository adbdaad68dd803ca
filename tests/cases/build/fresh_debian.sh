#!/bin/sh
# The README's two commands, ./dev demo and ./dev test, on a bare Debian made for it.
# usage: fresh_debian.sh SUITE, as root
. "$LIBRARY/verdict.sh"

"$LIBRARY/../../releases/bare_root.sh" "$1" "$HEAPSTER_ROOT" logs >out
status=$?
found=$(tail -n 1 out)
case $status in
  0) right "$found" ;;
  1) tail -n 40 logs/*.log >&2 && wrong "$found" ;;
  *) cannot_run "$found" ;;
esac

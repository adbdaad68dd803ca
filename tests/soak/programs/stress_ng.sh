#!/bin/sh
# What stress-ng says of its own runs: passed, or what failed.
stress-ng --malloc 2 --malloc-max 4096 --fork 1 --pthread 1 --vfork 1 --verify --timeout "${SECONDS_EACH:-10}" --metrics-brief \
  >stress.txt 2>&1
status=$?
grep -Eo '(un)?successful run completed|fail(ed)?: .*|error: .*|: fail: .*' stress.txt | sort | uniq
exit $status

#!/bin/sh
# `heapster run` after `pip install -e .`, from a clone in an environment of its own.
. "$LIBRARY/verdict.sh"

"$PYTHON" -m venv venv || cannot_run 'needs python3-venv'
# A copy: the build must not touch the tree.
(cd "$HEAPSTER_ROOT" && git -c safe.directory='*' ls-files -z | tar -c --null -T -) | { mkdir tree && tar -xC tree; } || exit 1
unset PYTHONPATH HEAPSTER_BUILD
PATH=$(printf '%s' "$PATH" | cut -d : -f 2-)
venv/bin/pip install -q -e ./tree >log 2>&1 || {
  if grep -qi 'no matching distribution\|connection\|retry' log; then cannot_run 'needs PyPI'; fi
  cat log >&2
  exit 1
}
venv/bin/heapster run -o report.txt -- true >said 2>&1
status=$?
if [ "$status" -eq 0 ] && grep -q '^alloc_count: ' report.txt; then right 'status 0, a report'; fi
wrong "status $status: $(tail -n 1 said)"

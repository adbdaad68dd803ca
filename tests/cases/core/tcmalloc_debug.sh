#!/bin/sh
# tcmalloc's debug library, which has a strdup of its own, under `heapster run`: counted, or named.
. "$LIBRARY/verdict.sh"

LD_PRELOAD=libtcmalloc_minimal_debug.so.4 heapster run -- ls / >/dev/null 2>report || exit 1
count=$(sed -n 's/,//g; s/^alloc_count: //p' report)
if [ "${count:-0}" -gt 0 ] || grep -q 'libtcmalloc' report; then right "alloc_count ${count:-none}"; fi
wrong "$(head -n 1 report)"

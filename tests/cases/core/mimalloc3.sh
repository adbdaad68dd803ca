#!/bin/sh
# `heapster run` over mimalloc 3 (Debian 13's libmimalloc3), which has a strdup of its own.
. "$LIBRARY/verdict.sh"

LD_PRELOAD=libmimalloc.so.3 heapster run -- ls / >/dev/null 2>report || exit 1
count=$(sed -n 's/,//g; s/^alloc_count: //p' report)
if [ "${count:-0}" -gt 0 ] || grep -q 'libmimalloc\.so\.3' report; then right "alloc_count ${count:-none}"; fi
wrong "$(head -n 1 report)"

#!/bin/sh
# `-o -` is standard output, as everywhere.
. "$LIBRARY/verdict.sh"

heapster run -o - -- true >out 2>said || exit 1
if [ -e ./- ]; then wrong 'a file called "-"'; fi
if grep -q '^alloc_count: ' out; then right 'the report on standard output'; fi
wrong "$(cat said)"

#!/bin/sh
# The folder for private files cannot be written to: that does no harm, or the message names TMPDIR, which is what one can
# change.
. "$LIBRARY/verdict.sh"

TMPDIR=/proc heapster run -- true 2>said && grep -q '^alloc_count: ' said && right 'a report'
expect "$(cat said)" 'TMPDIR'

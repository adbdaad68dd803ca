#!/bin/sh
# The folder for private files cannot be written to: the message names TMPDIR, which is what one can change.
. "$LIBRARY/verdict.sh"

TMPDIR=/proc heapster run -- true 2>said && exit 1
expect "$(cat said)" 'TMPDIR'

#!/bin/sh
# The program exchanges its private file for a FIFO that nobody reads: it ends nevertheless, and the report's absence is
# told.
. "$LIBRARY/verdict.sh"

# shellcheck disable=SC2016 # the program's variable
timeout -s KILL 5 heapster run -- sh -c 'rm "$HEAPSTER_REPORT"; mkfifo "$HEAPSTER_REPORT"' 2>said
status=$?
case $status in
  0) expect "$(cat said)" 'no report' ;;
  137) wrong 'it hangs' ;;
  *) wrong "status $status: $(cat said)" ;;
esac

#!/bin/sh
# The program exchanges every file that its environment names for a FIFO that nobody reads: it ends nevertheless, and
# there is a report, or its absence is said.
. "$LIBRARY/verdict.sh"

# shellcheck disable=SC2016 # the program's variables
timeout -s KILL 5 heapster run -- sh -c '
  for file in "${HEAPSTER_REPORT-}" "${HEAPSTER_PAGE#*:}"; do rm "$file"; mkfifo "$file"; done 2>/dev/null
  exit 0' 2>said
status=$?
if grep -q '^alloc_count: ' said; then right 'a report'; fi
case $status in
  0) expect "$(cat said)" 'no report' ;;
  137) wrong 'it hangs' ;;
  *) wrong "status $status: $(cat said)" ;;
esac

#!/bin/sh
# Reports of a program that runs are asked for by an option: `--every SECONDS`.
. "$LIBRARY/verdict.sh"

heapster run --every 5 -o report.txt -- true 2>said
status=$?
if [ "$status" -eq 0 ] && [ -s report.txt ]; then right 'status 0, a report'; fi
wrong "status $status: $(head -n 1 said)"

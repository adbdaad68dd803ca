#!/bin/sh
# One of CPython's own test modules: a line a test, and how it ended.
/usr/bin/python3 -m test -v --timeout 600 "$1" >outcomes.txt 2>&1
status=$?
/usr/bin/python3 "$SOAK/programs/cpython_outcomes.py" outcomes.txt
exit $status

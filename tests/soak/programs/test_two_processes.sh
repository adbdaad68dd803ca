#!/bin/sh
# For test_soak.py: a shell, a child of it that asks for memory, and a status to keep.
perl -e 'my @words = map { "x" x $_ } 1 .. 100; print scalar(@words), "\n"'
exit 3

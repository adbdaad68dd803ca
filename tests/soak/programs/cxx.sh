#!/bin/sh
# g++ over the whole standard library, then what it made: containers, streams, threads, exceptions by new and delete.
set -eu
g++ -std=c++17 -O2 -pthread -o containers "$SOAK/programs/containers.cpp"
sha256sum containers | cut -d' ' -f1
exec ./containers

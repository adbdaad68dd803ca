#!/bin/sh
# This project, configured and built with gcc and g++; the libraries come out the same, byte by byte.
set -eu
cp -r "$SOURCE"/CMakeLists.txt "$SOURCE"/core "$SOURCE"/bindings "$SOURCE"/python "$SOURCE"/lua .
cmake -S . -B made -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DHEAPSTER_TESTS=OFF >configure.txt
cmake --build made >build.txt
cd made/lib
sha256sum libheapster.so.0 libheapster_malloc.so

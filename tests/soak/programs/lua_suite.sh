#!/bin/sh
# Lua's official tests for 5.4, in a copy, since they write files. They are in no package: LUA_TESTS names their folder.
set -eu
cp -r "$LUA_TESTS"/. .
lua5.4 -e '_U = true' all.lua 2>errors.txt | grep -Ei '^(testing|final|>>>|.*OK)' | grep -v -i 'time\|memory' | sed 's/(.*)//'

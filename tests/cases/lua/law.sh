#!/bin/sh
# The law of Lua's heap in a program whose LUA_PATH has 16 entries, so that `require` makes a long string on its way.
. "$LIBRARY/verdict.sh"

LUA_PATH=
for i in $(seq 16); do LUA_PATH="$LUA_PATH/usr/share/lua/of/a/project/of/mine/$i/?.lua;"; done
export LUA_PATH
off=$(lua5.4 -e '
  local heapster = require "heapster"
  collectgarbage() collectgarbage("stop")
  local before = heapster.status().lua_preexisting
  local counted = heapster.stats("lua").use_curr
  local count = collectgarbage("count") * 1024
  print(("%d"):format(before + counted - count))') || exit 1
if [ "$off" -eq 0 ]; then right "off by $off"; fi
wrong "off by $off"

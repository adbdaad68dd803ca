--- The law of Lua's heap, evaluated in one expression as lua/README.md writes it: the values that stats() and status()
--- make must not put it wrong.

local heapster = require "heapster"
local verdict = require "verdict"

collectgarbage()
collectgarbage("stop")
local off = heapster.stats("lua").use_curr + heapster.status().lua_preexisting - collectgarbage("count") * 1024
verdict(off == 0, ("off by %d"):format(off))

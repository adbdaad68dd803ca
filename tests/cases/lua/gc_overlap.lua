--- Two measures with gc = "stop" overlap in coroutines: the end of the first must not start the collector within the
--- second.

local heapster = require "heapster"
local verdict = require "verdict"

local function measuring()
  return coroutine.create(function() heapster.measure({ gc = "stop" }, coroutine.yield) end)
end

local first, second = measuring(), measuring()
assert(coroutine.resume(first))
assert(coroutine.resume(second))
coroutine.close(first)
local runs_inside = collectgarbage("isrunning")
coroutine.close(second)
local runs_after = collectgarbage("isrunning")
verdict(not runs_inside and runs_after, "it runs within the second:", runs_inside, "- after both:", runs_after)

--- The budget of the steady state: a frame asks nothing of any heap.
local heapster = require "heapster"

local budget = {}

local NOTHING = { alloc_count = 0, realloc_growth_count = 0 }
local DEPTH = 32 -- of calls, more than a frame needs

--- The collector trims a stack whose depth was not used for a while. A frame should not pay for getting it back.
local function stretch(depth)
  return depth > 0 and not stretch(depth - 1)
end

--- Plays frames and raises an error that says what they asked for, if they did. They begin with what the console left
--- behind collected.
function budget.play(frames, update)
  collectgarbage()
  stretch(DEPTH)
  return heapster.limit(NOTHING, play, frames, update)
end

return budget

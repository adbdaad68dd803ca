--- The budget of the steady state: a frame asks nothing of any heap.
local heapster = require "heapster"

local budget = {}

local NOTHING = { alloc_count = 0, realloc_growth_count = 0 }
local DEPTH = 32 -- of calls, more than a frame needs
local SECOND = 60 -- frames

--- The collector trims a stack whose depth was not used for a while. A frame should not pay for getting it back.
local function stretch(depth)
  return depth > 0 and not stretch(depth - 1)
end

local function judge(frames, update)
  return heapster.limit(NOTHING, play, frames, update)
end

--- What is alive after that stays.
local function play_and_collect(frames, update)
  play(frames, update)
  collectgarbage()
end

--- Plays frames and raises an error that says what they asked for, if they did. They begin with what the console left
--- behind collected. Frames that broke the budget break it again: another second of them shows which lines do.
function budget.play(frames, update)
  collectgarbage()
  stretch(DEPTH)
  local is_kept, err = pcall(judge, frames, update)
  if is_kept then return err end
  if type(err) == "table" and err.kind == "LimitExceeded" then
    local again = math.min(frames, SECOND)
    local is_explained, why, sites = pcall(heapster.explain, play_and_collect, again, update)
    local lines = is_explained and sites:text(5) or tostring(why)
    err.message = ("%s\n%d further frames:\n%s"):format(err.message, again, lines)
  end
  error(err, 0)
end

return budget

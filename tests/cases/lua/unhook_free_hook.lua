--- The law after unhook, frees, hook: blocks that were freed meanwhile must not stay in use_curr.

local heapster = require "heapster"
local verdict = require "verdict"

local function off()
  collectgarbage()
  collectgarbage("stop")
  local before = heapster.status().lua_preexisting
  local counted = heapster.stats("lua").use_curr
  return math.tointeger(before + counted - collectgarbage("count") * 1024)
end

local kept = {}
for i = 1, 200 do kept[i] = { i } end
assert(off() == 0)
heapster.unhook("lua")
kept = nil
collectgarbage()
heapster.hook("lua")
local found = off()
verdict(found == 0, "off by", found)

--- Two ways of reading a file into a string: how often has the buffer to be resized, and what has to move?
--- heapster run -o /dev/null -- lua5.4 thrashing.lua

local heapster = require "heapster"

local file <close> = assert(io.tmpfile())
assert(file:write(("0123456789"):rep(400000)))

local function read_on()
  file:seek("set")
  return file:read("a")
end

local function read_at_once()
  local size = file:seek("end")
  file:seek("set")
  return file:read(size)
end

local _, growing = heapster.measure(read_on)
local _, sized = heapster.measure(read_at_once)
for _, field in ipairs { "realloc_growth_count", "realloc_move_count", "realloc_move_avg" } do
  print(("%s: %s read on, %s at once"):format(field, growing[field], sized[field]))
end
assert(sized.realloc_growth_count < growing.realloc_growth_count)

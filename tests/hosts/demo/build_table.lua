--- The same table of squares built in two ways, each in a window: what either took, and what the second took more.

local heapster = require "heapster"

local ROWS = 50000

local function from_the_front()
  local rows = {}
  for row = 1, ROWS do rows[row] = row * row end
  return rows
end

local function from_the_back()
  local rows = {}
  for row = ROWS, 1, -1 do rows[row] = row * row end
  return rows
end

local front, first = heapster.measure(from_the_front)
local back, second = heapster.measure(from_the_back)
for row = 1, ROWS do assert(front[row] == back[row]) end
print(("-- 1. filled from row 1 to row %d\n\n%s\n\n"):format(ROWS, first))
print(("-- 2. filled from row %d to row 1\n\n%s\n\n"):format(ROWS, second))
print(("-- second - first\n\n%s\n"):format(second - first))
print [[
The same table. From the front, Lua keeps the rows in an array, and realloc makes it larger: realloc_growth_count. From
the back they are kept as keys of a hash, which is built anew each time it is full: look at alloc_count, dealloc_count
and alloc_avg of the difference, and compare use_peak of 1 and 2. Each count and each bucket is subtracted by itself;
where the second's is smaller, 0.]]

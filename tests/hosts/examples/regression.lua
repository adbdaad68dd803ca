--- Fails when page() starts to ask for more memory than it does today.
--- heapster run -o /dev/null -- lua5.4 regression.lua

local heapster = require "heapster"

local lines = {}
for number = 1, 1000 do lines[number] = ("<p>line %d</p>"):format(number) end

local function page(list) return table.concat(list, "\n") end

heapster.limit({ alloc_count = 10, use_peak = "64 KiB" }, page, lines)

local text, diff = heapster.measure(page, lines)
assert(diff.use_change < 2 * #text, diff)

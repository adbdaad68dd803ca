--- Programs that do little but make objects, beside a world of some megabytes that stays: what tests/bench/lua.py runs with
--- and without heapster. Without the world, the module's own tables would be most of what the collector looks at.
---
---     lua5.4 lua_programs.lua NAME [heapster | forwarding]
---
--- Runs the program for each line of standard input, prints the seconds of processor time that it took, and in the end what
--- heap lua counted. `forwarding` is a hook that counts nothing.
local name, tool = arg[1], arg[2]

local programs = {}

--- Small tables that are made, linked and dropped.
function programs.binary_trees()
  local function tree(depth)
    if depth == 0 then return {} end
    return { tree(depth - 1), tree(depth - 1) }
  end
  local function count(node) return node[1] and 1 + count(node[1]) + count(node[2]) or 1 end
  local nodes = 0
  for _ = 1, 12 do nodes = nodes + count(tree(12)) end
  return nodes
end

--- Strings of many sizes: formatted, joined, cut and replaced.
function programs.string_building()
  local words = {}
  for i = 1, 6000 do words[i] = ("item %d of %s"):format(i, ("x"):rep(i % 60)) end
  local text = table.concat(words, ", ")
  local parts = 0
  for word in text:gmatch("[^,]+") do parts = parts + #word:upper() end
  for i = 1, 2000 do parts = parts + #(words[i] .. words[i + 1] .. i) end
  return parts + #text:gsub("item", "element")
end

--- Arrays and maps that grow one by one.
function programs.table_growth()
  local sum = 0
  for _ = 1, 30 do
    local array, map = {}, {}
    for i = 1, 4000 do array[i] = i end
    for i = 1, 1500 do map["k" .. i % 700] = i end
    for i = 1, 600 do array[i] = { i, x = i } end
    sum = sum + #array
  end
  return sum
end

-- By how much all that follows lies elsewhere in its page, which makes some programs up to 8 % faster or slower.
local shift = ("x"):rep(272 * (os.getenv "BENCH_ROUND" or 0) % 4096)
local heapster = tool == "heapster" and require "heapster"
if tool == "forwarding" then require("lua_cost").forward() end
local world = {}
for i = 1, 20000 do world[i] = { id = i, name = "entity " .. i, place = { i, i } } end
local program = assert(programs[name], "there is no such program")
local before = heapster and heapster.stats("lua")
for _ in io.lines() do
  local begin = os.clock()
  program()
  print(os.clock() - begin)
  io.flush()
end
if heapster then
  local diff = heapster.stats("lua") - before
  print(diff.alloc_count, diff.dealloc_count, diff.realloc_growth_count, diff.alloc_sum, #world, #shift)
end

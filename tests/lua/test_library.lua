--- What lua/library/heapster.lua tells the language server is what the module has: lua5.4 test_library.lua PATH
local heapster = require "heapster"
local blocks = require "blocks"
local lu = require "luaunit"
local support = require "support"

local path <const> = assert(arg[1])
local file <close> = assert(io.open(path))
local text <const> = file:read("a")
arg = {}

--- The lines of a class that name a field.
local function fields_of(class)
  local block = assert(text:match("%-%-%-@class " .. class:gsub("%.", "%%.") .. "\n(.-)\n[^%-]"), path .. ": " .. class)
  local names = {}
  for name in (block .. "\n"):gmatch("%-%-%-@field ([%w_]+)") do names[#names + 1] = name end
  return names
end

blocks.create("textures")

TestLibrary = {}

function TestLibrary.test_functions_are_those_of_the_module()
  local named, there = {}, {}
  for name in text:gmatch("function heapster%.([%w_]+)") do named[#named + 1] = name end
  for name, value in pairs(heapster) do
    if type(value) == "function" then there[#there + 1] = name end
  end
  lu.assertItemsEquals(named, there, path)
end

function TestLibrary.test_fields_of_stats_are_those_of_a_window_in_order()
  local _, diff = heapster.measure(function()
    local block = blocks.malloc("textures", 1)
    for _, size in ipairs { 200, 5000, 1, 100000 } do block = blocks.realloc("textures", block, size) end
    blocks.free("textures", block)
  end)
  local there = {}
  for name in pairs(diff) do there[#there + 1] = name end
  local named = fields_of("heapster.Stats")
  there[#there + 1] = diff.thread and "thread"
  there[#there + 1] = "sites" -- nil unless it was explained
  if not diff.realloc_move_avg then table.insert(there, 21, "realloc_move_avg") end -- the allocator's choice
  lu.assertEquals(named, there, path .. ", class heapster.Stats")
end

function TestLibrary.test_fields_of_other_classes_are_there()
  local status = heapster.status()
  for _, name in ipairs(fields_of("heapster.Status")) do local _ = status[name] end
  local m = heapster.measuring()
  m:stop()
  for _, name in ipairs(fields_of("heapster.Measuring")) do local _ = m[name] end
  for _ = 1, 2 do heapster.frame() end
  local frames = heapster.frames()
  for _, name in ipairs(fields_of("heapster.Frames")) do lu.assertNotNil(frames[name], name) end
  for _, name in ipairs(fields_of("heapster.Frame")) do lu.assertEquals(math.type(frames.last[name]), "integer", name) end
  for _, name in ipairs(fields_of("heapster")) do lu.assertNotNil(heapster[name], name) end
  lu.assertEquals(fields_of("heapster.Heap"), { "name" })
  local _, sites = heapster.explain(function() return {} end)
  for _, name in ipairs(fields_of("heapster.Sites")) do lu.assertEquals(math.type(sites[name]), "integer", name) end
  for _, name in ipairs(fields_of("heapster.Site")) do local _ = sites[1][name] end
  heapster.watch_large("1 MiB", { keep = true })
  blocks.free("textures", blocks.malloc("textures", 2 << 20))
  heapster.watch_large(0)
  local request = heapster.large_requests()[1]
  for _, name in ipairs(fields_of("heapster.LargeRequest")) do local _ = request[name] end
end

function TestLibrary.test_methods_are_there()
  local stats = heapster.stats()
  local of = { Stats = stats, Histogram = stats.alloc_histogram, Heap = heapster.heap("textures"),
    Measuring = heapster.measuring(), Sites = select(2, heapster.explain(type, 1)) }
  for class, name in text:gmatch("function (%u%l+):([%w_]+)") do support.equal(type(of[class][name]), "function", name) end
end

support.run()

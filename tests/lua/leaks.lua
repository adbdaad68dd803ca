--- Every way to fail, over and over, leaks nothing: neither Lua's memory nor the process's. lua5.4 leaks.lua [ROUNDS]
--- With few rounds it is for valgrind, and the pages of the process are not looked at.
local heapster = require "heapster"
local blocks = require "blocks"

blocks.create("textures")
local function ask() blocks.free("textures", blocks.malloc("textures", 10)) end
local function fail() error("mine") end
local stats, ended = heapster.stats(), heapster.measuring()
ended:stop()

local ways <const> = {
  unknown_heap = function() heapster.stats("audio") end,
  heap_that_is_not_counted = function() heapster.heap("python") end,
  heap_of_the_wrong_type = function() heapster.stats(io.stdout) end,
  unknown_field = function() return stats.alloc_cuont end,
  change_of_a_field = function() stats.alloc_count = 1 end,
  mixed_kinds = function() return stats - (stats - stats) end,
  difference_of_the_wrong_type = function() return stats - 1 end,
  quantile_of_no_share = function() stats.alloc_histogram:quantile(2) end,
  function_that_fails = function() heapster.measure(fail) end,
  no_function = function() heapster.measure(nil) end,
  unknown_option = function() heapster.measure({ haep = 1 }, ask) end,
  bad_option = function() heapster.measure({ scope = "global" }, ask) end,
  unknown_heap_of_a_window = function() heapster.measure({ heap = "audio" }, ask) end,
  block_that_fails = function() local _ <close> = heapster.measuring() fail() end,
  window_ended_twice = function() ended:stop() end,
  diff_of_an_open_window = function() local m <close> = heapster.measuring() return m.diff end,
  limit_that_is_broken = function() heapster.limit({ alloc_count = 0, use_peak = "1 B" }, ask) end,
  limit_on_a_function_that_fails = function() heapster.limit({ alloc_count = 0 }, fail) end,
  limit_on_an_unknown_field = function() heapster.limit({ alloc_cuont = 0 }, ask) end,
  limit_of_a_bad_size = function() heapster.limit({ use_peak = "1 MiX" }, ask) end,
  limit_of_no_pair = function() heapster.limit({ alloc_count = { 2, 1 } }, ask) end,
  frames_of_an_unknown_heap = function() heapster.frames("audio") end,
  field_that_frames_have_not = function() return heapster.frames().wrost end,
  function_that_fails_while_explained = function() heapster.explain(fail) end,
  limit_that_is_broken_and_explained = function()
    heapster.limit({ alloc_count = 0, explain = true }, function() return { ("x"):rep(2000) } end)
  end,
  explain_inside_explain = function() heapster.explain(heapster.explain, ask) end,
  coroutine_that_is_explained_and_abandoned = function()
    coroutine.resume(coroutine.create(function() heapster.explain(coroutine.yield) end))
    if math.random(20) == 1 then collectgarbage() end
    error()
  end,
  unknown_hook = function() heapster.hook("mallok") end,
  hook_that_is_not_ours = function() heapster.unhook("python") end,
}

local function resident_pages()
  local file <close> = assert(io.open("/proc/self/statm"))
  return tonumber(file:read("a"):match("%d+ (%d+)"))
end

local function settled()
  collectgarbage()
  collectgarbage()
  return collectgarbage("count"), resident_pages()
end

local function repeat_way(way, rounds)
  for _ = 1, rounds do assert(not pcall(way)) end
end

local rounds <const> = tonumber(arg[1]) or 100000
local names = {}
for name in pairs(ways) do names[#names + 1] = name end
table.sort(names)
for _, name in ipairs(names) do
  repeat_way(ways[name], math.min(rounds, 5000))
  local kept, pages = settled()
  repeat_way(ways[name], rounds)
  local kept_after, pages_after = settled()
  assert(kept_after - kept < 16, name .. ": Lua keeps more KiB: " .. kept_after - kept)
  assert(pages_after - pages < 128 or rounds < 10000, name .. ": the process has more pages: " .. pages_after - pages)
end
assert(heapster.status().windows_open == 0)

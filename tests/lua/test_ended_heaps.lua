--- A heap that its host ends while a script holds it, and `ended`, which has what it counted.
local heapster = require "heapster"
local blocks = require "blocks"
local lu = require "luaunit"
local support = require "support"

local function make(name)
  blocks.create(name)
  blocks.free(name, blocks.malloc(name, 100))
  return heapster.heap(name)
end

local function assert_unknown(fn, ...)
  local ok, err = pcall(fn, ...)
  lu.assertFalse(ok)
  lu.assertEquals(getmetatable(err), heapster.UnknownHeap)
  lu.assertStrContains(tostring(err), "has ended")
end

TestEnded = {}

function TestEnded.test_a_heap_that_has_ended_keeps_its_name_and_has_no_figures()
  local held = make("level")
  lu.assertEquals(held:stats().alloc_count, 1)
  blocks.finish("level")
  lu.assertEquals(held.name, "level")
  lu.assertEquals(tostring(held), "heapster.Heap: level, ended")
  assert_unknown(held.stats, held)
  for _, name in ipairs { "stats", "heap", "frames", "live_histogram" } do assert_unknown(heapster[name], held) end
  assert_unknown(heapster.measure, { heap = held }, function() end)
  assert_unknown(heapster.limit, { alloc_count = 0, heap = held }, function() end)
end

function TestEnded.test_the_next_heap_of_the_name_is_another_heap()
  local first = make("level")
  blocks.finish("level")
  local second = make("level")
  lu.assertFalse(first == second)
  lu.assertTrue(second == heapster.heap("level"))
  lu.assertEquals(second:stats().alloc_count, 1)
  assert_unknown(first.stats, first)
  blocks.finish("level")
end

function TestEnded.test_what_it_counted_is_in_ended()
  make("level")
  blocks.finish("level")
  local before = heapster.stats("ended").alloc_sum
  make("level")
  blocks.finish("level")
  lu.assertEquals(heapster.stats("ended").alloc_sum, before + 100)
  local heaps = heapster.heaps()
  lu.assertEquals(heaps[#heaps].name, "ended")
  blocks.create("other")
  lu.assertStrContains(heapster.report(), "\nended ")
  blocks.finish("other")
end

function TestEnded.test_ended_cannot_be_measured()
  make("level")
  blocks.finish("level")
  lu.assertErrorMsgContains("ended", heapster.measure, { heap = "ended" }, function() end)
end

support.run()

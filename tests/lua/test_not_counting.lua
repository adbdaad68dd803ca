--- Where nothing is counted: no figure is shown as if it were true. Not run under `heapster run`.
local heapster = require "heapster"
local lu = require "luaunit"
local support = require "support"

local function nothing() end

TestNotCounting = {}

function TestNotCounting.test_windows_are_refused_and_name_the_status()
  for _, call in ipairs {
    function() heapster.measure(nothing) end,
    function() heapster.measuring() end,
    function() heapster.limit({ alloc_count = 1 }, nothing) end,
    function() heapster.measure({ heap = "malloc" }, nothing) end,
    function() heapster.stats("malloc") end,
    function() heapster.heap("lua") end,
    function() heapster.heap() end,
    function() heapster.measure({ heap = "lua" }, nothing) end,
  } do
    local err = support.refused({ "test_not_counting.lua:", " counted", "heapster.status()" }, call)
    lu.assertEquals(err.kind, "NotCounting")
    support.equal(getmetatable(err), heapster.NotCounting)
  end
end

function TestNotCounting.test_function_is_not_called_then()
  local calls = 0
  support.refused({ "nothing is counted" }, heapster.measure, { warmup = 3 }, function() calls = calls + 1 end)
  lu.assertEquals(calls, 0)
end

function TestNotCounting.test_there_is_no_heap()
  lu.assertEquals(heapster.heaps(), {})
end

function TestNotCounting.test_unknown_heap_is_another_error()
  local err = support.refused({ "no heap is called \"textures\"" }, heapster.heap, "textures")
  lu.assertEquals(err.kind, "UnknownHeap")
  support.equal(getmetatable(err), heapster.UnknownHeap)
end

function TestNotCounting.test_heaps_of_the_wrong_type_are_named()
  for _, value in ipairs { 1, true, {}, print, io.stdout } do
    support.refused({ "bad argument #1 to 'heapster.stats'", "heap's name or heapster.Heap expected" }, heapster.stats, value)
    support.refused({ "bad argument #1 to 'heapster.heap'", "expected" }, heapster.heap, value)
  end
  support.refused({ "expected, got nil" }, heapster.heap, nil)
  support.refused({ "wrong number of arguments" }, heapster.heap, "lua", 1)
  support.refused({ "wrong number of arguments" }, heapster.stats, nil, nil)
  support.refused({ "wrong number of arguments to 'report' (0 expected, got 1)" }, function() heapster.report(1) end)
end

function TestNotCounting.test_hooks_are_named()
  support.refused({ "bad argument #1", "no hook is called \"mallok\"" }, heapster.hook, "mallok")
  support.refused({ "no hook is called \"mallok\"" }, heapster.unhook, "mallok")
  support.refused({ "string expected, got nil" }, heapster.hook, nil)
  support.refused({ "string expected, got number" }, heapster.hook, 1)
  support.refused({ "wrong number of arguments" }, heapster.hook)
end

function TestNotCounting.test_report_says_what_is_not_counted()
  lu.assertStrContains(heapster.report(), "malloc")
  lu.assertStrContains(heapster.report(), "heapster run")
end

support.run()

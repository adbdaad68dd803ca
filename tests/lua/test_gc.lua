--- measure{gc = "stop"}: the collector held still for a measurement, and as it was afterwards.
local heapster = require "heapster"
local lu = require "luaunit"
local support = require "support"

local measure <const> = heapster.measure
local function is_running() return collectgarbage("isrunning") end

--- Garbage that no collector would leave alone for long.
local function litter()
  for i = 1, 100000 do local _ = { i } end
end

TestStop = {}

function TestStop.tearDown()
  lu.assertTrue(is_running())
  lu.assertEquals(heapster.status().windows_open, 0)
end

function TestStop.test_nothing_is_collected_meanwhile()
  local _, left = measure({ heap = "lua", gc = "leave" }, litter)
  local _, stopped = measure({ heap = "lua", gc = "stop" }, litter)
  lu.assertTrue(left.dealloc_count > 0)
  lu.assertEquals({ stopped.dealloc_count, stopped.live_change }, { 0, 200000 })
end

function TestStop.test_figures_of_the_same_call_are_the_same()
  local _, first = measure({ heap = "lua", gc = "stop" }, litter)
  for _ = 1, 3 do
    local _, again = measure({ heap = "lua", gc = "stop" }, litter)
    lu.assertEquals({ again.alloc_sum, again.use_peak }, { first.alloc_sum, first.use_peak })
  end
end

function TestStop.test_garbage_is_collected_before()
  local is_freed = false
  local function check() return is_freed, is_running() end
  setmetatable({}, { __gc = function() is_freed = true end })
  local freed, diff, running = measure({ gc = "stop" }, check)
  lu.assertEquals({ freed, running, diff.dealloc_count }, { true, false, 0 })
end

function TestStop.test_collector_is_left_alone_without_the_option()
  lu.assertTrue(measure(is_running))
  lu.assertTrue(measure({ gc = "leave" }, is_running))
end

function TestStop.test_collector_that_was_stopped_stays_so()
  collectgarbage("stop")
  lu.assertFalse((measure({ gc = "stop" }, is_running)))
  lu.assertFalse(is_running())
  collectgarbage("restart")
end

function TestStop.test_mode_of_the_collector_stays()
  for _, mode in ipairs { "generational", "incremental" } do
    collectgarbage(mode)
    measure({ gc = "stop" }, litter)
    pcall(measure, { gc = "stop" }, error)
    lu.assertTrue(is_running())
    lu.assertEquals(collectgarbage("incremental"), mode)
  end
end

function TestStop.test_collector_runs_again_after_an_error()
  lu.assertEquals(select(2, pcall(measure, { gc = "stop" }, error, "mine")), "mine")
  lu.assertTrue(is_running())
  lu.assertFalse((pcall(measure, { gc = "stop", warmup = 1 }, error)))
end

function TestStop.test_warmup_runs_with_the_collector_and_every_measured_run_without()
  local states = {}
  measure({ gc = "stop", warmup = 2, ["repeat"] = 2 }, function() states[#states + 1] = is_running() end)
  lu.assertEquals(states, { true, true, false, false })
end

function TestStop.test_measures_nest()
  local inner, after
  measure({ gc = "stop" }, function()
    inner = measure({ gc = "stop" }, is_running)
    after = is_running()
  end)
  lu.assertEquals({ inner, after }, { false, false })
end

function TestStop.test_coroutine_that_yields_keeps_it_stopped_to_its_end()
  local thread = coroutine.wrap(function() return (measure({ gc = "stop" }, coroutine.yield)) end)
  thread()
  lu.assertFalse(is_running())
  lu.assertEquals(thread("end"), "end")
  lu.assertTrue(is_running())
end

function TestStop.test_coroutine_that_is_closed_lets_it_run_again()
  local thread = coroutine.create(function() measure({ gc = "stop" }, coroutine.yield) end)
  coroutine.resume(thread)
  lu.assertFalse(is_running())
  lu.assertTrue(coroutine.close(thread))
end

local function waiting() return coroutine.create(function() measure({ gc = "stop" }, coroutine.yield) end) end

function TestStop.test_measures_that_overlap_in_coroutines_keep_it_stopped_to_the_last_end()
  for last = 1, 3 do
    local threads = { waiting(), waiting(), waiting() }
    for _, thread in ipairs(threads) do lu.assertTrue(coroutine.resume(thread)) end
    for i, thread in ipairs(threads) do
      if i ~= last then lu.assertTrue(coroutine.close(thread)) end
      lu.assertFalse(is_running())
    end
    lu.assertTrue(coroutine.resume(threads[last]))
    lu.assertTrue(is_running())
  end
end

function TestStop.test_one_that_ends_by_an_error_within_another_keeps_it_stopped()
  local failing = coroutine.create(function() measure({ gc = "stop" }, function() error(coroutine.yield()) end) end)
  local other = waiting()
  lu.assertTrue(coroutine.resume(failing))
  lu.assertTrue(coroutine.resume(other))
  lu.assertFalse((coroutine.resume(failing, "mine")))
  coroutine.close(failing)
  lu.assertFalse(is_running())
  lu.assertTrue(coroutine.close(other))
end

--- A finalizer cannot start it.
function TestStop.test_abandoned_one_that_is_collected_lets_it_run_again_after_the_next()
  coroutine.resume(waiting())
  collectgarbage()
  collectgarbage()
  measure({ gc = "stop" }, litter)
  lu.assertTrue(is_running())
end

function TestStop.test_empty_function_measures_all_zeros()
  for depth = 1, 60 do
    local function down(n)
      if n == 0 then return support.traces(select(2, measure({ gc = "stop" }, function() end))) end
      return (down(n - 1))
    end
    lu.assertEquals(down(depth), "", "at depth " .. depth)
    lu.assertEquals(coroutine.wrap(down)(depth), "", "in a coroutine at depth " .. depth)
  end
end

function TestStop.test_finalizer_cannot_stop_it()
  local found
  setmetatable({}, { __gc = function() found = { pcall(measure, { gc = "stop" }, is_running) } end })
  collectgarbage()
  if found[1] then return end -- older than Lua 5.4.4, where a finalizer may
  lu.assertStrContains(found[2], "gc: the collector cannot be stopped by one of its finalizers")
end

function TestStop.test_bad_words_are_named()
  local function refused(words, gc) support.refused(words, measure, { gc = gc }, is_running) end
  refused({ "bad argument #1", "gc: \"leave\" or \"stop\" expected, got halt" }, "halt")
  refused({ "gc: ", "got true" }, true)
  refused({ "gc: ", "got 1" }, 1)
  support.refused({ "no option 'gc'; options: heap, scope" }, heapster.measuring, { gc = "stop" })
end

support.run()

--- measuring(): a window over a block.
local heapster = require "heapster"
local blocks = require "blocks"
local lu = require "luaunit"
local support = require "support"

blocks.create("textures")
local function ask(size) return blocks.free("textures", blocks.malloc("textures", size)) end

TestMeasuring = {}

function TestMeasuring.test_window_ends_with_its_block()
  local window
  do
    local m <close> = heapster.measuring()
    window = m
    ask(10)
    lu.assertTrue(m.is_open)
    lu.assertEquals(tostring(m), "heapster.Measuring: open")
  end
  ask(20)
  lu.assertFalse(window.is_open)
  lu.assertEquals(tostring(window), "heapster.Measuring: ended")
  lu.assertEquals({ window.diff.kind, window.diff.alloc_sum, window.diff.use_peak }, { "window", 10, 10 })
end

function TestMeasuring.test_stop_ends_it_and_gives_the_diff()
  local m <close> = heapster.measuring { heap = "textures", scope = "thread" }
  ask(10)
  local diff = m:stop()
  ask(20)
  lu.assertEquals({ diff.alloc_sum, diff.scope }, { 10, "thread" })
  support.equal(m.diff, diff)
end

function TestMeasuring.test_diff_is_not_known_before_the_end()
  local m <close> = heapster.measuring()
  support.refused({ "test_measuring.lua:", "diff is known when the window has ended" }, function() return m.diff end)
end

function TestMeasuring.test_window_ended_twice_is_an_error()
  local m = heapster.measuring()
  m:stop()
  support.refused({ "test_measuring.lua:", "the window is not open: it was ended before" }, function() m:stop() end)
end

function TestMeasuring.test_window_of_thread_scope_ends_in_its_thread_only()
  local m = heapster.measuring { scope = "thread" }
  local ok, err = blocks.elsewhere(function() m:stop() end)
  lu.assertFalse(ok)
  lu.assertStrContains(err, "can only be ended by the thread that began it")
  lu.assertTrue(m.is_open)
  lu.assertEquals(m:stop().kind, "window")
end

function TestMeasuring.test_window_of_process_scope_may_end_in_another_thread()
  local m = heapster.measuring()
  ask(3)
  local ok, sum = blocks.elsewhere(function() return m:stop().alloc_sum end)
  lu.assertEquals({ ok, sum }, { true, 3 })
end

function TestMeasuring.test_forgotten_window_is_closed_by_the_collector()
  for _ = 1, 600 do
    heapster.measuring()
    collectgarbage()
  end
  lu.assertEquals(heapster.status().windows_open, 0)
end

function TestMeasuring.test_error_passes_and_the_diff_is_known()
  local window
  local err = support.refused({ "mine" }, function()
    local m <close> = heapster.measuring()
    window = m
    ask(1)
    error("mine")
  end)
  lu.assertStrContains(err, "mine")
  lu.assertEquals(window.diff.alloc_sum, 1)
end

function TestMeasuring.test_bad_arguments_are_named()
  support.refused({ "bad argument #1", "table expected, got string" }, heapster.measuring, "textures")
  support.refused({ "bad argument #1", "table expected, got function" }, heapster.measuring, print)
  local m <close> = heapster.measuring()
  support.refused({ "heapster.Measuring", "'begin'" }, function() return m.begin end)
  support.refused({ "heapster.Measuring cannot be changed" }, function() m.diff = 1 end)
  support.refused({ "heapster.Measuring expected, got FILE*" }, m.stop, io.stdout)
  support.refused({ "heapster.Measuring expected, got FILE*" }, getmetatable(m).__close, io.stdout)
end

support.run()

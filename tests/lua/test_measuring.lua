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

TestForgotten = {}

function TestForgotten.tearDown()
  collectgarbage()
  lu.assertEquals(heapster.status().windows_open, 0)
end

function TestForgotten.test_windows_are_ended_by_the_collector_and_the_error_says_so()
  collectgarbage("stop")
  local ok, err
  repeat
    ok, err = pcall(heapster.measuring)
  until not ok
  collectgarbage("restart")
  lu.assertStrContains(err, "; collectgarbage() ends those that scripts forgot")
  collectgarbage()
  lu.assertEquals(heapster.measuring():stop().kind, "window")
end

function TestForgotten.test_one_of_thread_scope_is_ended_by_a_collector_in_another_thread()
  for _ = 1, 300 do heapster.measuring { scope = "thread" } end
  lu.assertTrue((blocks.elsewhere(collectgarbage)))
  lu.assertEquals(heapster.status().windows_open, 0)
end

function TestForgotten.test_one_of_thread_scope_is_taken_back_when_its_thread_has_ended()
  local kept = {}
  for i = 1, 4200 do -- more than there can be
    lu.assertTrue((blocks.elsewhere(function() kept[i] = heapster.measuring { scope = "thread" } end)))
  end
  lu.assertFalse((pcall(kept[1].stop, kept[1])))
  kept = nil
end

--- What the debug library puts in place of ours is noticed.
TestReplaced = {}

local others <const> = { io.stdout, io.tmpfile(), "text", false, {}, heapster.status(), heapster.heaps }

function TestReplaced.test_user_value_is_checked()
  for _, other in ipairs(others) do
    local window = heapster.measuring()
    debug.setuservalue(window, other, 1)
    support.refused({ "test_measuring.lua:", "the window's user value was replaced" }, function() window:stop() end)
    support.refused({ "user value was replaced" }, function()
      local m <close> = heapster.measuring()
      debug.setuservalue(m, other, 1)
    end)
    local closed = heapster.measuring()
    closed:stop()
    debug.setuservalue(closed, other, 1)
    support.refused({ "user value was replaced" }, function() return closed.diff end)
  end
  collectgarbage()
  lu.assertEquals(heapster.status().windows_open, 0)
end

function TestReplaced.test_metamethods_take_no_other_value()
  local window = heapster.measuring()
  local metatable = debug.getmetatable(window)
  window:stop()
  for _, other in ipairs(others) do
    metatable.__gc(other)
    support.refused({ "heapster.Measuring expected" }, metatable.__close, other)
    support.refused({ "heapster.Measuring expected" }, metatable.__index(window, "stop"), other)
  end
  metatable.__gc()
end

function TestReplaced.test_userdata_that_is_too_short_for_its_metatable_is_no_value_of_ours()
  for _, value in ipairs { heapster.stats(), heapster.status(), heapster.measuring(), heapster.frames() } do
    local file = io.tmpfile()
    local own = debug.getmetatable(file)
    debug.setmetatable(file, debug.getmetatable(value))
    lu.assertFalse((pcall(function() return file.alloc_count, file.version, file.is_open, file.frame_count end)))
    debug.setmetatable(file, own)
  end
  collectgarbage()
end

function TestReplaced.test_upvalue_of_an_iterator_is_checked()
  local iterate = pairs(heapster.stats())
  debug.setupvalue(iterate, 1, io.stdout)
  lu.assertFalse((pcall(iterate)))
end

support.run()

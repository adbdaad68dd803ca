--- measure(): what it gives, and that it adds nothing. Run under `heapster run`: Lua's own requests are counted.
local heapster = require "heapster"
local blocks = require "blocks"
local lu = require "luaunit"
local support = require "support"

blocks.create("textures")

local measure <const> = heapster.measure
local function nothing() end
local function ask(size) return blocks.free("textures", blocks.malloc("textures", size)) end

local function traces_of(...)
  local _, diff = measure(...)
  return support.traces(diff)
end

--- `fn` called by `depth` functions that call each other.
local function at_depth(depth, fn)
  if depth == 0 then return fn() end
  local result = at_depth(depth - 1, fn)
  return result
end

TestNothing = {}

function TestNothing.test_empty_function_measures_all_zeros()
  for _ = 1, 100 do lu.assertEquals(traces_of(nothing), "") end
end

function TestNothing.test_empty_function_measures_all_zeros_at_any_depth()
  for depth = 0, 300 do
    lu.assertEquals(at_depth(depth, function() return traces_of(nothing) end), "", "at depth " .. depth)
  end
end

function TestNothing.test_empty_function_measures_all_zeros_in_a_coroutine()
  for depth = 0, 60 do
    local found = coroutine.wrap(function() return at_depth(depth, function() return traces_of(nothing) end) end)()
    lu.assertEquals(found, "", "at depth " .. depth)
  end
end

function TestNothing.test_empty_function_measures_all_zeros_whatever_it_is_given()
  local warm = { warmup = 1 } -- Lua's stack grows for so many arguments
  lu.assertEquals(traces_of(warm, function(...) return ... end, table.unpack({}, 1, 200)), "")
  lu.assertEquals(traces_of(math.abs, 1), "")
  lu.assertEquals(traces_of(setmetatable({}, { __call = nothing }), 1, 2), "")
  lu.assertEquals(traces_of({ scope = "thread" }, nothing), "")
  lu.assertEquals(traces_of({ heap = "textures" }, nothing), "")
  lu.assertEquals(traces_of({ warmup = 3, ["repeat"] = 5 }, nothing), "")
end

--- Up to Lua 5.4.2 a to-be-closed variable is itself a block, which comes after the window's begin.
local closable <const> = setmetatable({}, { __close = nothing })
local function is_free_to_close()
  return traces_of(function() local _ <close> = closable end) == ""
end

function TestNothing.test_empty_window_is_all_zeros_at_any_depth()
  if not is_free_to_close() then return end
  for depth = 0, 100 do
    local found = at_depth(depth, function()
      local m <close> = heapster.measuring()
      return support.traces(m:stop())
    end)
    lu.assertEquals(found, "", "at depth " .. depth)
  end
end

function TestNothing.test_empty_block_is_all_zeros()
  if not is_free_to_close() then return end
  for _ = 1, 10 do
    local window
    do
      local m <close> = heapster.measuring()
      window = m
    end
    lu.assertEquals(support.traces(window.diff), "")
  end
end

function TestNothing.test_empty_function_breaks_no_limit_of_0()
  for _ = 1, 10 do heapster.limit({ alloc_count = 0, use_peak = 0, live_change = { 0, 0 } }, nothing) end
end

TestMeasure = {}

function TestMeasure.test_results_follow_the_diff()
  local function give(...) return ... end
  local function check(expected, ...)
    local found = table.pack(...)
    lu.assertEquals(found[2].kind, "window")
    lu.assertEquals({ found[1], table.unpack(found, 3, found.n) }, expected)
    lu.assertEquals(found.n - 1, math.max(#expected, 1))
  end
  check({}, measure(give))
  check({ 1 }, measure(give, 1))
  check({ 1, 2 }, measure(give, 1, 2))
  check({ 1, 2, 3 }, measure(give, 1, 2, 3))
  check({ 1, 2, 3 }, measure({ warmup = 1, ["repeat"] = 3 }, give, 1, 2, 3))
end

function TestMeasure.test_figures_are_those_of_the_call()
  local _, diff = measure({ heap = "textures" }, ask, 48)
  lu.assertEquals({ diff.alloc_count, diff.alloc_sum, diff.dealloc_count, diff.use_peak, diff.live_change },
    { 1, 48, 1, 48, 0 })
  lu.assertEquals(diff.foreign_count, 0)
end

function TestMeasure.test_heap_is_a_name_or_a_heap()
  local _, by_name = measure({ heap = "textures" }, ask, 5)
  local _, by_heap = measure({ heap = heapster.heap("textures") }, ask, 5)
  support.equal(by_name, by_heap)
  local _, other = measure({ heap = "malloc" }, ask, 5)
  lu.assertEquals(support.traces(other), "")
end

function TestMeasure.test_scope_is_known_to_the_diff()
  local _, diff = measure({ scope = "thread" }, ask, 5)
  lu.assertEquals({ diff.scope, diff.alloc_count }, { "thread", 1 })
  local _, both = measure({ scope = "process" }, function() blocks.elsewhere(function() ask(1) end) ask(2) end)
  lu.assertEquals(both.scope, "process")
  lu.assertTrue(both.foreign_count >= 2)
end

function TestMeasure.test_part_of_the_calling_thread_is_a_stats_that_outlives_its_window()
  local _, diff = measure({ heap = "textures" }, ask, 5)
  local part = diff.thread
  diff = nil
  for _ = 1, 3 do collectgarbage() end
  lu.assertEquals({ part.kind, part.scope, part.alloc_count, part.alloc_sum }, { "diff", "thread", 1, 5 })
  lu.assertNil(part.thread)
  lu.assertNil(heapster.stats("textures").thread)
end

function TestMeasure.test_warmup_is_not_measured()
  local calls = 0
  local _, diff = measure({ heap = "textures", warmup = 3 }, function() calls = calls + 1 ask(calls) end)
  lu.assertEquals({ calls, diff.alloc_sum }, { 4, 4 })
end

function TestMeasure.test_run_with_the_fewest_requests_counts_with_its_results()
  local requests = { 5, 3, 1, 4 }
  local calls = 0
  local result, diff, more = measure({ heap = "textures", ["repeat"] = 4 }, function()
    calls = calls + 1
    for _ = 1, requests[calls] do ask(1) end
    return calls, "of run " .. calls
  end)
  lu.assertEquals({ calls, result, diff.alloc_count, more }, { 4, 3, 1, "of run 3" })
end

function TestMeasure.test_measures_nest()
  local inner
  local _, outer = measure({ heap = "textures" }, function()
    ask(100)
    inner = select(2, measure({ heap = "textures" }, ask, 7))
  end)
  lu.assertEquals({ outer.alloc_sum, inner.alloc_sum, outer.use_peak, inner.use_peak }, { 107, 7, 100, 7 })
end

function TestMeasure.test_function_that_yields_is_measured_to_its_end()
  local thread = coroutine.wrap(function()
    local result, diff, more = measure({ heap = "textures", warmup = 1, ["repeat"] = 2 }, function(n)
      ask(coroutine.yield(n))
      return "done", coroutine.yield(n + 1)
    end, 1)
    return result, diff.alloc_sum, more
  end)
  local seen = { thread() }
  for _ = 1, 2 do
    seen[#seen + 1] = thread(32)
    seen[#seen + 1] = thread("again")
  end
  lu.assertEquals(thread(32), 2)
  lu.assertEquals({ thread("last") }, { "done", 32, "again" })
  lu.assertEquals(seen, { 1, 2, 1, 2, 1 })
end

TestErrors = {}

local function windows() return heapster.status().windows_open end

function TestErrors.test_error_of_the_function_passes_with_its_traceback()
  local function fails() error("mine", 0) end
  local value = {}
  lu.assertEquals({ pcall(measure, fails) }, { false, "mine" })
  support.equal(select(2, pcall(measure, error, value)), value)
  local text = select(2, xpcall(measure, debug.traceback, fails))
  lu.assertStrContains(text, "'error'\n\t" .. debug.getinfo(fails).short_src)
  lu.assertStrContains(text, "in function 'heapster.measure'")
end

function TestErrors.test_error_of_the_function_closes_the_window()
  for _ = 1, 300 do pcall(measure, error) end
  for _ = 1, 300 do pcall(heapster.limit, { alloc_count = 1 }, error) end
  for _ = 1, 300 do pcall(function() local _ <close> = heapster.measuring() error() end) end
  lu.assertEquals(windows(), 0)
end

function TestErrors.test_coroutine_that_is_given_up_closes_the_window()
  local function wait() measure(coroutine.yield) end
  for _ = 1, 100 do
    local thread = coroutine.create(wait)
    coroutine.resume(thread)
    coroutine.close(thread)
  end
  lu.assertEquals(windows(), 0)
  for _ = 1, 100 do coroutine.resume(coroutine.create(wait)) end
  collectgarbage()
  collectgarbage()
  lu.assertEquals(windows(), 0)
end

function TestErrors.test_all_windows_open_is_an_error_and_no_more()
  local open = {}
  for i = 1, 4096 do open[i] = heapster.measuring() end
  support.refused({ "all 4096 windows are open" }, heapster.measuring)
  support.refused({ "all 4096 windows are open" }, measure, nothing)
  for i = 1, 4096 do open[i]:stop() end
  lu.assertEquals(traces_of(nothing), "")
end

function TestErrors.test_bad_arguments_are_named()
  support.refused({ "bad argument #1 to 'heapster.measure'", "function expected, got no value" }, measure)
  support.refused({ "bad argument #1", "function expected, got nil" }, measure, nil)
  support.refused({ "bad argument #1", "function expected, got number" }, measure, 1)
  support.refused({ "bad argument #1", "function expected, got heapster.Heap" }, measure, heapster.heap("malloc"))
  support.refused({ "bad argument #2", "function expected, got no value" }, measure, {})
  support.refused({ "bad argument #2", "function expected, got table" }, measure, {}, {})
  support.refused({ "test_measure.lua:" }, function() measure(nil) end)
end

function TestErrors.test_bad_options_are_named()
  local function refused(words, options) return support.refused(words, measure, options, nothing) end
  refused({ "bad argument #1", "no option 'haep'; did you mean 'heap'? options: heap, scope, warmup, repeat, gc" }, { haep = "malloc" })
  refused({ "no option '1'" }, { "malloc" })
  refused({ "heap: name or heapster.Heap expected, got number" }, { heap = 1 })
  refused({ "heap: name or heapster.Heap expected, got FILE*" }, { heap = io.stdout })
  refused({ "scope: \"process\" or \"thread\" expected, got global" }, { scope = "global" })
  refused({ "scope: ", "got 1" }, { scope = 1 })
  refused({ "warmup: integer from 0 up expected, got -1" }, { warmup = -1 })
  refused({ "warmup: ", "got 1.5" }, { warmup = 1.5 })
  refused({ "warmup: ", "got string" }, { warmup = "3" })
  refused({ "repeat: integer from 1 up expected, got 0" }, { ["repeat"] = 0 })
  refused({ "repeat: ", "got true" }, { ["repeat"] = true })
  support.refused({ "no option 'warmup'; options: heap, scope" }, heapster.measuring, { warmup = 1 })
  lu.assertEquals(refused({ "\"audio\"" }, { heap = "audio" }).kind, "UnknownHeap")
  lu.assertEquals(refused({ "\"python\" is not counted" }, { heap = "python" }).kind, "NotCounting")
end

support.run()

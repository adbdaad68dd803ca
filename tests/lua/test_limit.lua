--- limit(): the verdict, its words, and what is refused.
local heapster = require "heapster"
local blocks = require "blocks"
local lu = require "luaunit"
local support = require "support"

blocks.create("textures")
blocks.create("audio")

local lua <const> = arg[-1]

local function ask(...)
  for _, size in ipairs { ... } do blocks.free("textures", blocks.malloc("textures", size)) end
  return ...
end

local function exceeded(words, limits, ...)
  local err = support.refused(words, heapster.limit, limits, ...)
  lu.assertEquals(err.kind, "LimitExceeded")
  return err
end

TestLimit = {}

function TestLimit.test_results_pass_where_every_limit_holds()
  lu.assertEquals({ heapster.limit({ alloc_count = 3, use_peak = "30 B" }, ask, 10, 20, 30) }, { 10, 20, 30 })
  lu.assertEquals(select("#", heapster.limit({ alloc_count = 0 }, function() end)), 0)
end

--- A program of its own: warnings go to its stderr.
local UNJUDGED <const> = [[
local heapster, blocks = require "heapster", require "blocks"
blocks.create("textures")
local function ask(size) blocks.free("textures", blocks.malloc("textures", size)) end
local function both() blocks.elsewhere(function() ask(5000) end) ask(5000) return 1, 2 end
warn("@on")
for _ = 1, 20 do
  local _, diff = heapster.measure({ heap = "textures" }, both)
  local one, two = heapster.limit({ heap = "textures", use_peak = diff.use_peak - 1, alloc_count = 9 }, both)
  assert(one == 1 and two == 2)
  heapster.limit({ heap = "textures", use_peak = "1 MiB" }, both)
end
]]

function TestLimit.test_what_is_not_judged_is_a_warning()
  lu.skipIf(heapster.status().counters == "shared", "shared counters know the peak exactly")
  local name = os.tmpname()
  local file = assert(io.open(name, "w"))
  assert(file:write(UNJUDGED))
  assert(file:close())
  local ran <close> = assert(io.popen(("%s %s 2>&1"):format(lua, name)))
  local said = ran:read "a"
  os.remove(name)
  lu.assertStrMatches(said, "Lua warning: heapster.limit: use_peak: .- above the limit of .*, which is not judged: .*\n")
  for line in said:gmatch "[^\n]+" do lu.assertStrContains(line, "which is not judged") end
end

function TestLimit.test_limit_holds_at_its_ends_and_breaks_one_past()
  heapster.limit({ alloc_count = 2 }, ask, 1, 1)
  exceeded({ "alloc_count: 3 is 1 above the limit of 2" }, { alloc_count = 2 }, ask, 1, 1, 1)
  heapster.limit({ alloc_count = { 2, 3 } }, ask, 1, 1)
  exceeded({ "alloc_count: 1 is 1 below the limit of 2" }, { alloc_count = { 2, 3 } }, ask, 1)
  heapster.limit({ alloc_count = { 2 } }, ask, 1, 1, 1)
  heapster.limit({ alloc_count = { nil, 2 } }, ask, 1)
end

function TestLimit.test_each_broken_limit_is_named_in_the_order_of_the_fields()
  local err = exceeded({ "alloc_count: 2", "use_peak: 2 KiB is 1 KiB above the limit of 1 KiB" },
    { use_peak = "1 KiB", alloc_sum = "1 MiB", alloc_count = 0 }, ask, 2048, 1)
  lu.assertEquals(err.broken, { "alloc_count", "use_peak" })
  lu.assertEquals({ err.diff.kind, err.diff.alloc_sum }, { "window", 2049 })
  support.equal(getmetatable(err), heapster.LimitExceeded)
end

function TestLimit.test_error_has_the_place_of_the_call()
  local err = support.refused({ "test_limit.lua:" }, function() heapster.limit({ alloc_count = 0 }, ask, 1) end)
  lu.assertEquals(err.place .. err.message, tostring(err))
end

function TestLimit.test_leak_is_a_change_of_what_is_live()
  local kept
  exceeded({ "live_change: 1 is 1 above the limit of 0" }, { live_change = 0 },
    function() kept = blocks.malloc("textures", 1) end)
  exceeded({ "use_change: -1" }, { use_change = { 0, 0 } }, function() blocks.free("textures", kept) end)
end

function TestLimit.test_heap_and_scope_choose_what_is_judged()
  heapster.limit({ alloc_count = 0, heap = "audio" }, ask, 1)
  exceeded({ "alloc_count" }, { alloc_count = 0, heap = heapster.heap("textures"), scope = "thread" }, ask, 1)
end

function TestLimit.test_function_that_raised_is_not_judged()
  local value = {}
  support.equal(select(2, pcall(heapster.limit, { alloc_count = 0 }, function() ask(1) error(value) end)), value)
end

function TestLimit.test_function_that_yields_is_judged_at_its_end()
  local thread = coroutine.create(function()
    return heapster.limit({ alloc_count = 1 }, function() ask(1) coroutine.yield() ask(1) end)
  end)
  lu.assertTrue(coroutine.resume(thread))
  local ok, err = coroutine.resume(thread)
  lu.assertFalse(ok)
  lu.assertEquals(err.broken, { "alloc_count" })
end

TestRefused = {}

local function refused(words, limits) return support.refused(words, heapster.limit, limits, ask) end

function TestRefused.test_call_without_a_function_says_how()
  support.refused({ "bad argument #2 to 'heapster.limit'", "got no value", "limit({alloc_count = 10}, fn, ...)" },
    heapster.limit, { alloc_count = 1 })
  support.refused({ "bad argument #1", "table expected, got function", "limit({" }, heapster.limit, ask)
  support.refused({ "bad argument #1", "table expected, got no value" }, heapster.limit)
  refused({ "no limit is given" }, {})
  refused({ "no limit is given" }, { heap = "textures" })
end

function TestRefused.test_unknown_fields_are_named()
  refused({ "unknown field \"alloc_cuont\"", "did you mean alloc_count?" }, { alloc_cuont = 1 })
  refused({ "unknown field \"warmup\"" }, { warmup = 1 })
  refused({ "'1' is no field" }, { 10 })
  refused({ "'true' is no field" }, { [true] = 10 })
end

function TestRefused.test_absolute_fields_name_what_to_use_instead()
  refused({ "use_curr has no meaning in a window; use use_change" }, { use_curr = 1 })
  refused({ "use use_peak" }, { use_max = 1 })
  refused({ "use live_change" }, { live_count = 1 })
end

function TestRefused.test_values_that_are_no_limit_are_named()
  refused({ "alloc_count: integer or pair {least, most} expected, got string" }, { alloc_count = "10" })
  refused({ "alloc_count: integer or pair {least, most} expected, got boolean" }, { alloc_count = true })
  refused({ "use_peak: integer, size such as \"1 MiB\" or pair {least, most} expected, got function" }, { use_peak = print })
  refused({ "use_peak: '1 MiX' is not a size" }, { use_peak = "1 MiX" })
  refused({ "alloc_count: number has no integer representation" }, { alloc_count = 1.5 })
  refused({ "alloc_count: number has no integer representation" }, { alloc_count = 2 ^ 63 })
  refused({ "alloc_count: the figure is never negative" }, { alloc_count = -1 })
  refused({ "alloc_count: the pair allows nothing" }, { alloc_count = { 2, 1 } })
  refused({ "alloc_count: a pair {least, most} has no 'max'" }, { alloc_count = { max = 1 } })
  refused({ "alloc_count: a pair {least, most} has no '3'" }, { alloc_count = { 1, 2, 3 } })
  refused({ "alloc_count: a pair {least, most} has at least one" }, { alloc_count = {} })
end

support.run()

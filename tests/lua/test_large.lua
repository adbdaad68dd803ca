--- The watch on large requests from Lua: what is said, what is kept, and that no other figure changes for it.
--- lua5.4 test_large.lua LUA
local heapster = require "heapster"
local blocks = require "blocks"
local lu = require "luaunit"
local support = require "support"

local lua <const> = assert(arg[1])
arg = {}

local KIB <const>, MIB <const> = 1 << 10, 1 << 20
local LEAST <const> = 32 * KIB

blocks.create("textures")

local function request(...)
  for _, size in ipairs { ... } do blocks.free("textures", blocks.malloc("textures", size)) end
end

--- The sizes of what was kept of the heap; a test's own strings may be large, too.
local function kept()
  local sizes = {}
  for _, each in ipairs(heapster.large_requests()) do
    if each.heap == "textures" then sizes[#sizes + 1] = each.size end
  end
  return sizes
end

--- What a script writes on standard error.
local function said(script)
  local command = ("%s -e 'local heapster = require \"heapster\" %s' 2>&1"):format(lua, script)
  local pipe <close> = assert(io.popen(command))
  return pipe:read("a")
end

TestLarge = {}

function TestLarge.tearDown()
  heapster.watch_large(0)
  heapster.large_requests()
end

function TestLarge.test_a_large_request_is_said_on_standard_error()
  local lines = said("heapster.watch_large(\"1 MiB\") local s = (\"x\"):rep(3 << 20)")
  lu.assertStrMatches(lines:match("[^\n]*"), "heapster: 3.* MiB requested in heap lua.* %(pid %d+%)")
end

function TestLarge.test_the_rest_is_said_when_the_watch_ends()
  local lines = said("heapster.watch_large(\"1 MiB\") for i = 1, 10 do local s = (\"x\"):rep(3 << 20) end "
    .. "heapster.watch_large(0) io.stderr:write(\"ended\\n\")")
  lu.assertStrMatches(lines, ".*heapster: %d+ more requests above 1 MiB, of up to 3.* MiB %(pid %d+%)\nended\n")
end

function TestLarge.test_what_is_kept_is_not_said()
  lu.assertEquals(said("heapster.watch_large(\"1 MiB\", { keep = true }) for i = 1, 99 do local s = (\"x\"):rep(3 << 20) end"), "")
end

function TestLarge.test_a_request_in_c_has_its_place_while_it_is_at_a_line()
  heapster.watch_large(MIB, { keep = true })
  heapster.explain(request, 3 * MIB, 4 * MIB)
  local places = {}
  for _, each in ipairs(heapster.large_requests()) do
    if each.heap == "textures" then places[#places + 1] = each.place or "nowhere" end
  end
  lu.assertEquals(#places, 2)
  for _, place in ipairs(places) do lu.assertStrMatches(place, "/.*%+0x%x+.*") end
end

function TestLarge.test_zero_ends_the_watch()
  lu.assertEquals(said("heapster.watch_large(1 << 20) heapster.watch_large(0) local s = (\"x\"):rep(3 << 20)"), "")
  heapster.watch_large(MIB, { keep = true })
  request(2 * MIB)
  heapster.watch_large(0)
  request(3 * MIB)
  lu.assertEquals(kept(), { 2 * MIB })
end

function TestLarge.test_what_is_above_the_size_is_kept_and_nothing_else()
  for size, above in pairs { [LEAST] = LEAST, ["32KiB"] = LEAST, [1048576.0] = MIB, ["1 MiB"] = MIB, ["1MB"] = 1000000 } do
    heapster.watch_large(size, { keep = true })
    request(100, above // 2, above, above + 1, above + 1, above)
    blocks.free("textures", blocks.realloc("textures", blocks.malloc("textures", 1000), above + 1001))
    lu.assertEquals(kept(), { above + 1, above + 1, above + 1 })
    lu.assertEquals(#heapster.large_requests(), 0)
  end
end

function TestLarge.test_64_are_kept_and_the_next_says_how_many_were_not()
  heapster.watch_large(LEAST, { keep = true })
  for size = LEAST + 1, LEAST + 100 do request(size) end
  local sizes = kept()
  lu.assertEquals({ #sizes, sizes[1], sizes[64] }, { 64, LEAST + 1, LEAST + 64 })
  request(MIB)
  local last = heapster.large_requests()[1]
  lu.assertEquals({ last.size, last.unsaid_count, last.unsaid_max }, { MIB, 36, LEAST + 100 })
  lu.assertStrMatches(tostring(last), ".*; before it 36 more, of up to 32%.10 KiB")
end

function TestLarge.test_a_kept_request_is_a_value_with_size_heap_and_place()
  heapster.watch_large(MIB, { keep = true })
  request(3 * MIB // 2, 3 * MIB // 2, 3 * MIB // 2)
  local first, second, third = table.unpack(heapster.large_requests())
  lu.assertEquals({ first.size, first.heap, first.unsaid_count, first.unsaid_max }, { 3 * MIB // 2, "textures", 0, 0 })
  lu.assertEquals(math.type(first.size), "integer")
  lu.assertStrMatches(second.place, "/.*/blocks%.so%+0x%x+.*") -- of the call in C
  lu.assertEquals(tostring(second), "1.50 MiB requested in heap textures by " .. second.place)
  support.equal(second, third)
  lu.assertFalse(first == heapster.heap("textures"))
  support.refused({ "a heapster.LargeRequest has no field 'sise'; did you mean 'size'?" }, function() return first.sise end)
  support.refused({ "cannot be changed" }, function() first.size = 3 end)
end

function TestLarge.test_the_last_call_counts()
  heapster.watch_large(MIB, { keep = true })
  request(2 * MIB)
  heapster.watch_large(4 * MIB, { keep = true })
  request(3 * MIB, 5 * MIB)
  lu.assertEquals(kept(), { 5 * MIB }) -- the first watch's are forgotten
end

function TestLarge.test_what_is_refused_changes_nothing()
  heapster.watch_large(MIB, { keep = true })
  for _, wrong in ipairs { LEAST - 1, "1 KiB", -1, "no size", false } do
    support.refused({ "bad argument #1" }, heapster.watch_large, wrong)
  end
  request(2 * MIB)
  lu.assertEquals(kept(), { 2 * MIB })
end

function TestLarge.test_a_watch_after_the_last_unhook_is_refused()
  local lines = said("heapster.unhook(\"lua\") print(pcall(heapster.watch_large, \"1 MiB\")) heapster.watch_large(0) "
    .. "heapster.hook(\"lua\") print(pcall(heapster.watch_large, \"1 MiB\"))")
  lu.assertStrMatches(lines, "false\t.*nothing is counted; malloc.*\ntrue\n")
end

function TestLarge.test_requests_of_another_thread_are_kept()
  heapster.watch_large(MIB, { keep = true })
  blocks.elsewhere(function() request(2 * MIB) end)
  lu.assertEquals(kept(), { 2 * MIB })
end

function TestLarge.test_no_figure_changes_for_the_watch()
  local function work()
    local strings = {}
    for i = 1, 5000 do strings[i] = i end
    for i = 1, 50 do strings[i] = ("x"):rep(50 * KIB + i) end
    return strings
  end
  local function figures()
    local _, diff = heapster.measure({ heap = "lua", gc = "stop", warmup = 1 }, work)
    return { diff.alloc_count, diff.alloc_sum, diff.total_alloc_sum, diff.live_change, diff.use_change, diff.use_peak }
  end
  local plain = figures()
  heapster.watch_large(LEAST, { keep = true })
  lu.assertEquals(figures(), plain)
  lu.assertEquals(#heapster.large_requests(), 64)
end

support.run()

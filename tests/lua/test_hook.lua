--- The hook of the state: on at require, off and on again; what it counts.
local heapster = require "heapster"
local blocks = require "blocks"
local lu = require "luaunit"
local support = require "support"

TestHook = {}

function TestHook.test_require_counts_the_state()
  lu.assertEquals(heapster.status().lua_way, "require")
  lu.assertNil(heapster.status().lua_problem)
  lu.assertStrContains(tostring(heapster.status()), "lua: require")
end

function TestHook.test_requests_are_counted_as_asked()
  local text = ("x"):rep(100)
  local _, diff = heapster.measure(function() return text .. text end)
  lu.assertEquals({ diff.alloc_count, diff.alloc_sum }, { 1, support.string_size + 200 })
  lu.assertEquals(diff.foreign_count, 0)
end

function TestHook.test_coroutine_is_of_its_state()
  local _, diff = heapster.measure({ heap = "lua" }, coroutine.wrap(function() return { {}, {} } end))
  lu.assertTrue(diff.alloc_count >= 3)
end

function TestHook.test_hook_is_put_on_once()
  heapster.hook("lua")
  heapster.hook("lua")
  local count = 0
  for _, heap in ipairs(heapster.heaps()) do count = count + (heap.name:find("^lua") and 1 or 0) end
  lu.assertEquals(count, 1)
end

function TestHook.test_unhook_ends_it_until_it_is_hooked_again()
  heapster.unhook("lua")
  heapster.unhook("lua")
  lu.assertEquals(heapster.status().lua_way, "none")
  lu.assertEquals(heapster.status().lua_problem, "its hook is off")
  local before = heapster.stats("lua").alloc_count
  local _ = { {}, {} }
  lu.assertEquals(heapster.stats("lua").alloc_count, before)
  heapster.hook("lua")
  lu.assertEquals(heapster.status().lua_way, "require")
  _ = { {}, {} }
  lu.assertTrue(heapster.stats("lua").alloc_count >= before + 3)
end

function TestHook.test_finalizer_cannot_hook()
  heapster.unhook("lua")
  local found
  setmetatable({}, { __gc = function() found = { pcall(heapster.hook, "lua") } end })
  collectgarbage()
  heapster.hook("lua")
  if found[1] then return end -- older than Lua 5.4.4, where a finalizer may
  lu.assertStrContains(found[2], "cannot hook \"lua\": a state cannot be hooked while one of its finalizers runs")
end

TestOwnHeap = {}

function TestOwnHeap.test_heap_without_an_argument_is_the_states()
  lu.assertStrContains(heapster.heap().name, "^lua", true)
  support.equal(heapster.heap(), heapster.heap("lua"))
  lu.assertEquals(heapster.heap():stats().kind, "snapshot")
end

function TestOwnHeap.test_windows_on_it_are_refused_while_it_is_not_counted()
  local heap = heapster.heap()
  heapster.unhook("lua")
  local errors = {}
  for _, options in ipairs { { heap = "lua" }, { heap = heap } } do
    errors[#errors + 1] = select(2, pcall(heapster.measure, options, print))
    errors[#errors + 1] = select(2, pcall(heapster.measuring, options))
  end
  errors[#errors + 1] = select(2, pcall(heapster.limit, { alloc_count = 0, heap = "lua" }, print))
  heapster.hook("lua")
  lu.assertEquals(#errors, 5)
  for _, err in ipairs(errors) do
    lu.assertEquals(err.kind, "NotCounting")
    lu.assertStrContains(tostring(err), "heap \"lua\" is not counted: its hook is off")
  end
  support.equal(heapster.heap(), heap)
end

--- Lua's law, as README.md writes it, and in other orders. Garbage may be collected in between. Lua 5.5 does not count the
--- bytes of strings that were made in a buffer, so those that other tests left are collected first.
TestLaw = {}

function TestLaw.setUp() collectgarbage() end

local function off()
  if _VERSION ~= "Lua 5.4" then collectgarbage() end
  return heapster.status().lua_preexisting + heapster.stats("lua").use_curr - collectgarbage("count") * 1024
end

function TestLaw.test_expression_is_right_as_it_stands()
  for _ = 1, 200 do
    lu.assertEquals(heapster.stats("lua").use_curr + heapster.status().lua_preexisting, collectgarbage("count") * 1024)
    lu.assertEquals(heapster.heap():stats().use_curr + heapster.status().lua_preexisting, collectgarbage("count") * 1024)
    lu.assertEquals(off(), 0)
  end
end

function TestLaw.test_statuses_are_not_the_same_one()
  local before = heapster.status()
  local m <close> = heapster.measuring()
  local after = heapster.status()
  lu.assertEquals({ before.windows_open, after.windows_open }, { 0, 1 })
end

function TestLaw.test_blocks_that_go_while_the_hook_is_off_are_not_counted_as_live()
  for round = 1, 20 do
    local kept = {}
    for i = 1, 50 * round do kept[i] = { tostring(i) } end
    heapster.unhook("lua")
    lu.assertEquals({ heapster.stats("lua").live_count, heapster.stats("lua").use_curr }, { 0, 0 })
    for i = 1, 50 * round, 2 do kept[i] = nil end
    collectgarbage()
    heapster.hook("lua")
    lu.assertEquals(off(), 0)
    kept = nil
    collectgarbage()
    lu.assertEquals(off(), 0)
  end
end

function TestLaw.test_it_holds_in_a_buffer_that_has_ended()
  local text = ("x"):rep(5000)
  local uncounted = _VERSION == "Lua 5.4" and 0 or #text + 1 -- by Lua
  for _ = 1, 10 do
    text:gsub("x+", function(all) return all .. all end)
    table.concat({ text, text, text })
    pcall(require, "no.such.module." .. text)
    lu.assertEquals(off(), uncounted)
  end
end

--- As a pattern of lpeg's that was made before the hook: Lua never counted it.
function TestLaw.test_memory_that_is_older_than_the_hook_and_that_lua_never_counted_is_found_when_it_goes()
  heapster.unhook("lua")
  local direct = blocks.ask_directly(3000)
  heapster.hook("lua")
  lu.assertEquals(off(), 0)
  blocks.free_directly(direct, 3000)
  lu.assertEquals(off(), 0)
  direct = blocks.ask_directly(700)
  lu.assertEquals(off(), 700)
  blocks.free_directly(direct, 700)
  lu.assertEquals(off(), 0)
end

function TestLaw.test_another_hook_is_right_again()
  blocks.replace()
  local kept = {}
  for i = 1, 100 do kept[i] = { i } end
  heapster.hook("lua")
  lu.assertEquals(off(), 0)
  kept = nil
  collectgarbage()
  lu.assertEquals(off(), 0)
end

TestOtherAllocators = {}

local why <const> = "another allocator took the hook's place in a state (lua_setallocf)"

function TestOtherAllocators.test_one_that_took_its_place_is_reported_as_long_as_it_is_there()
  blocks.replace()
  local problem, text = heapster.status().lua_problem, tostring(heapster.status())
  local before = heapster.stats("lua").alloc_count
  local _ = { {}, {} }
  local counted = heapster.stats("lua").alloc_count - before
  blocks.step_aside()
  lu.assertEquals(problem, why)
  lu.assertStrContains(text, "lua: require, " .. why)
  lu.assertEquals(counted, 0)
  lu.assertNil(heapster.status().lua_problem)
end

function TestOtherAllocators.test_one_that_stands_above_is_none_of_its_problems()
  blocks.stand_above()
  local problem = heapster.status().lua_problem
  local _, diff = heapster.measure(function() return { {}, {} } end)
  local ok, err = pcall(heapster.unhook, "lua")
  blocks.step_aside()
  lu.assertNil(problem)
  lu.assertEquals(diff.lua_kinds.tables.count, 3)
  lu.assertFalse(ok)
  lu.assertStrContains(err, "it is counted, but cannot be unhooked while another allocator stands above it")
end

support.run()

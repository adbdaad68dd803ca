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
  lu.assertEquals({ diff.alloc_count, diff.alloc_sum }, { 1, 24 + 200 + 1 })
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
  lu.assertFalse(found[1])
  lu.assertStrContains(found[2], "cannot hook \"lua\": a state cannot be hooked while one of its finalizers runs")
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

--- stats.lua_kinds: what the state created, by kind, as it is asked for; and how the value looks.
local heapster = require "heapster"
local lu = require "luaunit"
local support = require "support"

local names <const> = { "strings", "tables", "functions", "userdata", "threads", "other" }

--- The kinds that `fn` created, those of which there was none left out: {tables = {count, sum}, ...}.
local function created_by(fn, ...)
  local found = {}
  local _, diff = heapster.measure({ heap = "lua" }, fn, ...)
  for name, kind in pairs(diff.lua_kinds) do
    if kind.count > 0 then found[name] = { kind.count, kind.sum } end
  end
  return found
end

TestKinds = {}

function TestKinds.test_table_is_its_header_and_its_parts_are_other()
  lu.assertEquals(created_by(function() return {} end), { tables = { 1, support.table_size } })
  lu.assertEquals(created_by(function() return { 1, 2 } end), { tables = { 1, support.table_size }, other = { 1, support.array_size(2) } })
end

function TestKinds.test_string_is_one_with_its_bytes()
  local text = ("x"):rep(100)
  lu.assertEquals(created_by(function() return text .. text end), { strings = { 1, support.string_size + 200 } })
end

function TestKinds.test_closure_is_a_function_and_its_upvalue_is_other()
  local found = created_by(function()
    local up = 1
    return function() up = up + 1 end
  end)
  lu.assertEquals(found.functions, { 1, 40 })
  lu.assertEquals(found.other[1], 1)
end

function TestKinds.test_coroutine_is_a_thread_and_its_stack_is_other()
  local found = created_by(coroutine.create, print)
  lu.assertEquals(found.threads[1], 1)
  lu.assertTrue(found.other[1] >= 1)
end

function TestKinds.test_userdata_is_one()
  lu.assertEquals(created_by(heapster.stats).userdata[1], 1)
end

function TestKinds.test_growth_of_a_table_creates_nothing()
  if _VERSION ~= "Lua 5.4" then return end -- 5.5 makes a new array
  local list = { 1, 2, 3, 4 }
  lu.assertEquals(created_by(function() for i = 5, 100 do list[i] = i end end), {})
end

function TestKinds.test_all_kinds_together_are_the_requests()
  local _, diff = heapster.measure({ heap = "lua" }, function()
    return load("local a = {...} return function() return a, coroutine.wrap(print), io.tmpfile end")
  end)
  local count, sum = 0, 0
  for _, kind in pairs(diff.lua_kinds) do count, sum = count + kind.count, sum + kind.sum end
  lu.assertEquals({ count, sum }, { diff.alloc_count, diff.alloc_sum })
end

function TestKinds.test_total_and_differences_have_them()
  local before = heapster.stats()
  local _ = { {}, {} }
  local diff = heapster.stats() - before
  lu.assertEquals(diff.lua_kinds.tables.count, 3)
  lu.assertEquals((diff - diff).lua_kinds.tables.count, 0)
end

TestValue = {}

function TestValue.test_pairs_gives_the_kinds_in_the_order_of_the_header()
  local found = {}
  for name in pairs(heapster.stats("lua").lua_kinds) do found[#found + 1] = name end
  lu.assertEquals(found, names)
end

function TestValue.test_kinds_are_the_last_field_and_in_the_table_and_json()
  local stats = heapster.stats("lua")
  local last
  for name in pairs(stats) do last = name end
  lu.assertEquals(last, "lua_kinds")
  local tables = stats.lua_kinds.tables
  lu.assertEquals(stats:as_table().lua_kinds.tables, { count = tables.count, sum = tables.sum })
  lu.assertStrContains(stats:to_json(), ('"tables": {"count": %d, "sum": %d}'):format(tables.count, tables.sum))
end

function TestValue.test_equality_is_of_the_figures()
  local stats = heapster.stats("lua")
  support.equal(stats.lua_kinds, stats.lua_kinds)
  support.equal(stats.lua_kinds.tables, stats.lua_kinds.tables)
  lu.assertFalse(stats.lua_kinds == heapster.stats("lua").lua_kinds)
  lu.assertFalse(stats.lua_kinds == stats)
  lu.assertFalse(stats.lua_kinds.tables == stats.lua_kinds)
end

function TestValue.test_text_is_a_line_a_kind()
  local _, diff = heapster.measure(function() return { {} } end)
  local tables, other = 2 * support.table_size, support.array_size(1)
  lu.assertEquals(tostring(diff.lua_kinds),
    "strings: 0 (0 B)\ntables: 2 (" .. tables .. " B)\nfunctions: 0 (0 B)\nuserdata: 0 (0 B)\nthreads: 0 (0 B)\nother: 1 (" ..
    other .. " B)")
  lu.assertEquals(tostring(diff.lua_kinds.tables), ("2 (%d B)"):format(tables))
  lu.assertStrContains(tostring(diff),
    ("\n\nlua_kinds.tables: 2 (%d B)\nlua_kinds.other: 1 (%d B)\n\n"):format(tables, other))
end

function TestValue.test_unknown_kinds_and_changes_are_refused()
  local kinds = heapster.stats("lua").lua_kinds
  support.refused({ "test_kinds.lua:", "heapster.LuaKinds", "'tabels'; did you mean 'tables'?" }, function() return kinds.tabels end)
  support.refused({ "heapster.LuaKind ", "'bytes'" }, function() return kinds.tables.bytes end)
  support.refused({ "'nil'" }, function() return kinds[nil] end)
  support.refused({ "heapster.LuaKinds cannot be changed" }, function() kinds.tables = 1 end)
  support.refused({ "heapster.LuaKind cannot be changed" }, function() kinds.tables.count = 1 end)
  support.refused({ "heapster.LuaKinds expected, got FILE*" }, getmetatable(kinds).__index, io.stdout, "tables")
  support.refused({ "heapster.LuaKinds expected" }, getmetatable(kinds).__pairs, 1)
end

support.run()

--- explain(): which line requested what.
local heapster = require "heapster"
local lu = require "luaunit"
local support = require "support"

local line, at, explained = support.line, support.site_at, support.explained
local kept

TestLines = {}

function TestLines.test_each_line_has_its_requests()
  local first = line()
  local sites = explained(function(n)
    local t = { n }
    kept = { t, {}, {} }
  end, 1)
  lu.assertEquals(#sites, 2)
  lu.assertEquals({ sites[1].line, sites[1].alloc_count }, { first + 3, 4 })
  lu.assertEquals({ sites[2].line, sites[2].alloc_count }, { first + 2, 2 })
  support.equal(sites[1].alloc_sum, 3 * support.table_size + support.array_size(3))
end

function TestLines.test_line_after_a_return_is_that_of_the_caller()
  local function nothing() end
  local first = line()
  local sites = explained(function()
    kept = { nothing(), {},
      nothing(), {} }
  end)
  lu.assertEquals(at(sites, first + 2).alloc_count + at(sites, first + 3).alloc_count, sites.counted)
  lu.assertTrue(at(sites, first + 2).alloc_count > 0)
end

function TestLines.test_function_in_c_is_at_the_line_that_calls_it()
  local first = line()
  local sites = explained(function()
    kept = string.rep("ab", 1000)
    kept = table.pack(1, 2, 3)
  end)
  lu.assertEquals(at(sites, first + 2).func, "rep")
  lu.assertEquals(at(sites, first + 3).func, "pack")
end

function TestLines.test_callback_of_c_is_at_its_own_line()
  local first = line()
  local sites = explained(function()
    pcall(function()
      kept = {}
    end)
    kept = { kept }
  end)
  lu.assertEquals(at(sites, first + 3).alloc_count, 1)
  lu.assertEquals(at(sites, first + 4).alloc_count, 1) -- the closure: it is made where its text ends
  lu.assertEquals(at(sites, first + 5).alloc_count, 2)
end

function TestLines.test_error_goes_back_to_the_line_that_caught_it()
  local function fail() error() end
  local first = line()
  local sites = explained(function()
    pcall(fail) kept = {}
  end)
  lu.assertEquals(at(sites, first + 2).alloc_count, 1)
end

function TestLines.test_coroutine_is_at_its_lines_and_its_maker_at_its_own()
  local first = line()
  local sites = explained(function()
    local co = coroutine.wrap(function()
      kept = {}
      coroutine.yield() kept = { kept }
    end)
    co() kept = { {} }
    co()
  end)
  lu.assertEquals(at(sites, first + 3).alloc_count, 1)
  lu.assertTrue(at(sites, first + 4).alloc_count >= 2)
  lu.assertEquals(at(sites, first + 2).func, "wrap")
  lu.assertTrue(at(sites, first + 6).alloc_count >= 2)
end

function TestLines.test_coroutine_from_before_is_at_the_line_that_resumes_it()
  local co = coroutine.wrap(function() while true do coroutine.yield() kept = {} end end)
  co()
  local first = line()
  local sites = explained(function()
    co()
  end)
  lu.assertEquals(#sites, 1)
  lu.assertEquals({ sites[1].line, sites[1].func, sites[1].alloc_count }, { first + 2, "co", 1 })
end

function TestLines.test_finalizer_is_at_the_line_that_collects()
  local first = line()
  local sites = explained(function()
    setmetatable({}, { __gc = function() kept = { {} } end })
    collectgarbage()
  end)
  lu.assertTrue(at(sites, first + 3).alloc_count >= 3)
end

function TestLines.test_metamethod_is_at_its_line()
  local first = line()
  local meta = { __index = function() return {} end, __close = function() kept = {} end }
  local object = setmetatable({}, meta)
  local sites = explained(function()
    local closed <close> = object
    kept = object.x
  end)
  lu.assertEquals(at(sites, first + 1).alloc_count, 2)
  lu.assertEquals(#sites, 1)
end

function TestLines.test_growths_and_moves_are_those_of_the_window()
  local _, diff = heapster.measure({ explain = true }, function()
    local t = {}
    for i = 1, 1000 do t[i] = "word" .. i end
    kept = table.concat(t, ", ")
  end)
  local growths, moves, bytes = 0, 0, 0
  for _, site in ipairs(diff.sites) do
    growths, moves = growths + site.realloc_growth_count, moves + site.realloc_move_count
    bytes = bytes + site.realloc_growth_sum
  end
  lu.assertEquals({ growths, moves, bytes },
    { diff.realloc_growth_count, diff.realloc_move_count, diff.realloc_growth_sum })
  lu.assertTrue(growths > 1)
end

function TestLines.test_blocks_that_stayed_are_at_the_line_that_made_them()
  local first = line()
  local sites = explained(function()
    for _ = 1, 100 do kept = {} end
    collectgarbage()
    for i = 1, 3 do kept = { kept } end
  end)
  lu.assertEquals(at(sites, first + 2).alloc_count, 100)
  lu.assertEquals(at(sites, first + 2).live_count, 1)
  support.equal(at(sites, first + 2).live_bytes, support.table_size)
  lu.assertEquals(at(sites, first + 4).live_count, 6)
end

function TestLines.test_text_chunk_is_named_as_lua_names_it()
  local chunk <const> = load("local t = {...}\nreturn {t}", "=here")
  local sites = explained(chunk, 1)
  lu.assertEquals({ sites[1].file, sites[1].line, sites[2].file, sites[2].line }, { "here", 1, "here", 2 })
  sites = explained(load("return {}"))
  lu.assertEquals(tostring(sites[1]), '[string "return {}"]:1')
end

function TestLines.test_chunk_that_is_gone_keeps_its_name()
  local sites = explained(function()
    for i = 1, 50 do
      load("kept = {}", "@made/" .. i .. ".lua")()
      collectgarbage()
    end
  end)
  local names = {}
  for _, site in ipairs(sites) do names[site.file] = site.alloc_count end
  for i = 1, 50 do lu.assertNotNil(names["made/" .. i .. ".lua"]) end
end

function TestLines.test_stripped_chunk_has_a_question_mark()
  local chunk = load(string.dump(load "local function f() return {} end kept = f() kept = { kept }", true))
  local sites = explained(chunk)
  lu.assertEquals(#sites, 1)
  lu.assertEquals({ sites[1].file, sites[1].line, tostring(sites[1]) }, { "?", nil, "?" })
  lu.assertStrContains(tostring(sites), "  ?\n")
end

function TestLines.test_c_function_alone_is_at_the_line_that_explains_it()
  local first = line()
  local _, sites = heapster.explain(string.rep, "ab", 1000)
  lu.assertEquals({ #sites, sites[1].line, sites[1].func }, { 1, first + 1, "?" == sites[1].func and "?" or nil })
end

function TestLines.test_function_without_a_line_is_in_c()
  local results = table.pack(coroutine.wrap(heapster.explain)(string.rep, "ab", 1000))
  lu.assertEquals({ results[2][1].file, results[2][1].line }, { "[C]", nil })
end

support.run()

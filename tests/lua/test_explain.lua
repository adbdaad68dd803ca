--- explain(): which line requested what, the surfaces, and what is refused or unknown.
local heapster = require "heapster"
local blocks = require "blocks"
local lu = require "luaunit"
local support = require "support"

local here <const> = debug.getinfo(1, "S").source:sub(2)
local function line() return debug.getinfo(2, "l").currentline end

--- The site of that line of this file, or nil.
local function at(sites, number)
  for _, site in ipairs(sites) do
    if site.file == here and site.line == number then return site end
  end
end

local function explained(fn, ...)
  local _, sites = heapster.explain(fn, ...)
  lu.assertEquals({ sites.explained, sites.elsewhere, sites.under_way }, { sites.counted, 0, 0 })
  return sites
end

local kept

blocks.create("textures")

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

TestSurface = {}

function TestSurface.test_results_and_sites_as_measure_gives_them()
  lu.assertEquals({ select("#", heapster.explain(function() end)) }, { 2 })
  local a, sites, b, c = heapster.explain(function(...) return ... end, 1, nil, 3)
  lu.assertEquals({ a, #sites, b, c, tostring(sites) }, { 1, 0, nil, 3, "0 of 0 explained" })
  local _, of_measure = heapster.measure({ explain = true }, function() return {} end)
  lu.assertEquals(of_measure.sites.counted, of_measure.alloc_count)
  lu.assertNil(select(2, heapster.measure({ explain = false }, function() end)).sites)
  lu.assertNil(heapster.stats().sites)
end

function TestSurface.test_widest_share_is_first_and_the_order_stays()
  local function work()
    for _ = 1, 3 do kept = {} end
    for _ = 1, 9 do kept = {} end
    for _ = 1, 3 do kept = {} end
  end
  for _ = 1, 3 do
    local sites = explained(work)
    local lines = { sites[1].line, sites[2].line, sites[3].line }
    lu.assertEquals({ #sites, lines[2] - lines[1], lines[3] - lines[1] }, { 3, -1, 1 })
    lu.assertEquals(tostring(sites):match("[^\n]*$"), "15 of 15 explained")
  end
end

function TestSurface.test_text_has_as_many_rows_as_are_asked_for()
  local code = {}
  for i = 1, 30 do code[i] = "kept = {}" end
  local sites = explained(load(table.concat(code, "\n"), "=long"))
  lu.assertEquals(#sites, 30)
  lu.assertEquals(select(2, tostring(sites):gsub("\n", "")), 22)
  lu.assertStrContains(tostring(sites), "and 10 more sites with 10 allocs and growths\n30 of 30 explained")
  lu.assertEquals(select(2, sites:text():gsub("\n", "")), 31)
  lu.assertEquals(sites:text(0), "and 30 more sites with 30 allocs and growths\n30 of 30 explained")
  support.refused({ "integer from 0 up" }, sites.text, sites, -1)
end

function TestSurface.test_sites_are_values()
  local sites = explained(function() kept = {} end)
  lu.assertNil(sites[0])
  lu.assertNil(sites[2])
  lu.assertNil(sites[1.5])
  support.refused({ "a heapster.Sites cannot be changed" }, function() sites[1] = nil end)
  support.refused({ "a heapster.Site has no field 'lien'; did you mean 'line'?" }, function() return sites[1].lien end)
  support.refused({ "a heapster.Sites has no field 'conuted'" }, function() return sites.conuted end)
  local site = sites[1]
  sites = nil
  collectgarbage()
  lu.assertEquals({ site.file, site.kind, site.alloc_histogram:total() }, { here, "lua", 1 })
  local of_it = heapster.explain(function() return 1 end) and explained(function() kept = {} end):as_table()
  lu.assertEquals({ #of_it, of_it[1].file, of_it[1].live_count, of_it[1].realloc_move_sum }, { 1, here, 1, 0 })
end

function TestSurface.test_broken_limit_names_its_lines()
  local first = line()
  local function work()
    kept = { {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {} }
    local s = ("x"):rep(5000)
    for _ = 1, 3 do local unused = {} end
  end
  local err = support.refused({ "alloc_count: ", " of 2 (", here .. ":", " explained" }, heapster.limit,
    { alloc_count = 2, explain = true }, work)
  lu.assertEquals(err.sites[1].line, first + 2)
  lu.assertEquals(err.sites, err.diff.sites)
  lu.assertEquals(err.sites.counted, err.diff.alloc_count + err.diff.realloc_growth_count)
  lu.assertStrContains(err.message, err.sites:text(10))
  err = support.refused({ "total_alloc_sum" }, heapster.limit, { total_alloc_sum = 0, explain = true }, work)
  lu.assertEquals(err.sites[1].line, first + 3)
  lu.assertNil(support.refused({}, heapster.limit, { alloc_count = 2 }, work).sites)
  lu.assertEquals(heapster.limit({ alloc_count = 1000, explain = true }, function() return 7 end), 7)
end

function TestSurface.test_leak_is_first_where_what_is_live_is_limited()
  local first = line()
  local function work()
    for _ = 1, 100 do local unused = {} end
    for _ = 1, 40 do kept = { kept } end
    collectgarbage()
  end
  kept = nil
  collectgarbage()
  collectgarbage()
  local err = support.refused({ "live_change" }, heapster.limit, { live_change = 0, explain = true }, work)
  lu.assertEquals({ err.sites[1].line, err.sites[1].live_count }, { first + 3, 80 })
end

function TestSurface.test_repeat_explains_the_run_that_it_keeps()
  local round = 0
  local _, diff = heapster.measure({ explain = true, ["repeat"] = 3, warmup = 1, gc = "stop" }, function()
    round = round + 1
    for _ = 1, round == 3 and 2 or 5 do kept = {} end
  end)
  lu.assertEquals({ diff.alloc_count, diff.sites.counted, diff.sites[1].alloc_count }, { 2, 2, 2 })
end

function TestSurface.test_request_of_c_is_at_the_line_that_called_it()
  local first = line()
  local _, sites = heapster.explain({ heap = "textures" }, function()
    kept = {}
    blocks.malloc("textures", 100)
  end)
  lu.assertEquals({ #sites, sites[1].kind, sites[1].alloc_sum, sites[1].line }, { 1, "lua", 100, first + 3 })
  lu.assertEquals(sites[1].func, "malloc")
end

function TestSurface.test_request_of_another_thread_is_that_of_its_caller_in_c()
  local _, sites = heapster.explain({ heap = "textures" }, blocks.elsewhere, function()
    return blocks.malloc("textures", 100)
  end)
  lu.assertEquals({ #sites, sites[1].kind, sites[1].line, sites.explained }, { 1, "c", nil, sites.counted })
  lu.assertStrContains(sites[1].file, "blocks.so")
end

TestBad = {}

local function is_over()
  lu.assertNil(debug.gethook())
  lu.assertEquals(heapster.status().windows_open, 0)
  lu.assertEquals(explained(function() kept = {} end).counted, 1)
end

function TestBad.test_explain_inside_explain()
  explained(function()
    local err = support.refused({ "explained in this process already" }, heapster.explain, print)
    support.refused({ "explained in this process already" }, heapster.limit, { alloc_count = 0, explain = true }, print)
    kept = err
  end)
  is_over()
end

function TestBad.test_error_ends_it()
  support.refused({ "mine" }, heapster.explain, error, "mine")
  is_over()
end

function TestBad.test_coroutine_that_yields_goes_on_where_it_is_resumed()
  local first = line()
  local co = coroutine.wrap(function()
    return heapster.explain(function()
      kept = {}
      coroutine.yield()
      kept = { kept }
    end)
  end)
  co()
  kept = { {}, {} }
  local _, sites = co()
  lu.assertEquals({ sites.explained, sites.elsewhere }, { sites.counted, 0 })
  lu.assertEquals({ at(sites, first + 3).alloc_count, at(sites, first + 5).alloc_count }, { 1, 2 })
  lu.assertEquals(at(sites, first + 9).alloc_count, 4)
  is_over()
end

function TestBad.test_coroutine_that_is_abandoned_or_closed_ends_it()
  local function start()
    local co = coroutine.create(function() heapster.explain(coroutine.yield) end)
    coroutine.resume(co)
    return co
  end
  coroutine.close(start())
  is_over()
  start()
  collectgarbage()
  collectgarbage()
  is_over()
end

function TestBad.test_coroutine_that_outlives_it_loses_the_hook()
  local co
  explained(function()
    co = coroutine.create(function() while true do coroutine.yield() end end)
    coroutine.resume(co)
  end)
  coroutine.resume(co)
  lu.assertNil(debug.gethook(co))
end

function TestBad.test_debuggers_hook_goes_on_and_is_put_back()
  local lines = {}
  local function debugger(event, number) lines[#lines + 1] = event == "line" and number or event end
  local first = line()
  local function work()
    kept = {}
    kept = { kept }
  end
  debug.sethook(debugger, "l")
  local _, sites = heapster.explain(work)
  local hook, mask, count = debug.gethook()
  debug.sethook()
  lu.assertEquals({ hook, mask, count }, { debugger, "l", 0 })
  lu.assertEquals(sites.counted, sites.explained)
  lu.assertTrue(at(sites, first + 3).alloc_count >= 2)
  lu.assertStrContains(table.concat(lines, " "), first + 2 .. " " .. first + 3)
  lu.assertNil(table.concat(lines, " "):find("call"))
end

function TestBad.test_debugger_that_raises_an_error_ends_it()
  local first = line()
  debug.sethook(function(_, number) if number == first + 3 then error("stop", 0) end end, "l")
  local err = support.refused({ "stop" }, heapster.explain, function()
    kept = {}
  end)
  debug.sethook()
  lu.assertEquals(err, "stop")
  is_over()
end

function TestBad.test_hook_set_meanwhile_stays_and_is_said()
  local function other() end
  local _, sites = heapster.explain(function()
    debug.sethook(other, "l")
    kept = {}
  end)
  local hook = debug.gethook()
  debug.sethook()
  lu.assertEquals(hook, other)
  lu.assertEquals(sites.counted, sites.explained)
  lu.assertStrContains(tostring(sites), "another debug hook replaced heapster's")
  is_over()
end

function TestBad.test_more_sites_than_are_kept_are_elsewhere()
  local code = {}
  for i = 1, 5000 do code[i] = "kept = {}" end
  local _, sites = heapster.explain(load(table.concat(code, "\n"), "=many"))
  lu.assertEquals({ #sites, sites.counted, sites.explained, sites.elsewhere }, { 4097, 5000, 4096, 904 })
  lu.assertEquals({ sites[1].kind, sites[1].file, tostring(sites[1]) }, { "elsewhere", nil, "elsewhere" })
  lu.assertStrContains(tostring(sites), "4,096 of 5,000 explained, 904 elsewhere")
end

function TestBad.test_more_names_than_are_kept_are_elsewhere()
  local _, sites = heapster.explain(function()
    for i = 1, 9000 do kept = load("kept = {}", "=" .. i)() end
  end)
  lu.assertTrue(sites.elsewhere > 0)
  lu.assertEquals(sites.explained + sites.elsewhere, sites.counted)
end

function TestBad.test_options_that_are_none()
  support.refused({ "explain: boolean expected, got string" }, heapster.measure, { explain = "yes" }, print)
  support.refused({ "explain: boolean expected, got number" }, heapster.limit, { explain = 1, alloc_count = 1 }, print)
  support.refused({ "there is no option 'explian'; did you mean 'explain'?" }, heapster.explain, { explian = true },
    print)
  support.refused({ "there is no option 'explain'" }, heapster.measuring, { explain = true })
  support.refused({ "function expected, got no value" }, heapster.explain)
  support.refused({ "audio" }, heapster.explain, { heap = "audio" }, print)
end

support.run()

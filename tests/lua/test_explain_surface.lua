--- The sites of explain, measure and limit as values and as text.
local heapster = require "heapster"
local blocks = require "blocks"
local lu = require "luaunit"
local support = require "support"

local here <const> = debug.getinfo(1, "S").source:sub(2)
local line, at, explained = support.line, support.site_at, support.explained
local kept

blocks.create("textures")

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

support.run()

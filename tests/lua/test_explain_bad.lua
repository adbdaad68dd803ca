--- explain() in what is no common case: errors, yields, debug hooks, more than is kept.
local heapster = require "heapster"
local lu = require "luaunit"
local support = require "support"

local line, at, explained = support.line, support.site_at, support.explained
local kept

TestBad = {}

local function is_over()
  lu.assertNil(debug.gethook())
  lu.assertEquals(heapster.status().windows_open, 0)
  lu.assertEquals(explained(function() kept = {} end).counted, 1)
end

function TestBad.test_explain_inside_explain()
  explained(function()
    local why = { "another explanation is running in this process; only one can" }
    local err = support.refused(why, heapster.explain, print)
    support.refused(why, heapster.limit, { alloc_count = 0, explain = true }, print)
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

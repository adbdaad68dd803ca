--- What is at the sites and under way is what was counted, over random programs: lua5.4 law_explain.lua [STEPS [SEED]]
--- Each program is a few steps of Lua that requests memory in its own way: coroutines old and new, metamethods and
--- finalizers, errors, C functions that call back, buffers, chunks with and without names, debug hooks.
local heapster = require "heapster"

local steps_wanted <const> = tonumber(arg[1]) or 5000
math.randomseed(tonumber(arg[2]) or 1)

local kept = {}
local function keep(n, value) kept[n % 97] = value end
local function word(n) return ("w" .. n):rep(n % 30) end

local sleeper = coroutine.wrap(function() -- made before anything is explained: without our hook
  while true do
    local n = coroutine.yield()
    keep(n, { word(n) })
  end
end)
sleeper()
local lazy -- made in one explanation, resumed in others

local proxy = setmetatable({}, {
  __index = function(_, n) return { word(n) } end,
  __newindex = function(_, n, value) keep(n, { value }) end,
  __call = function(_, n) return { n, word(n) } end,
  __concat = function(_, n) return word(tonumber(n) or 3) .. "concat" end,
  __eq = function() return #{ 1, 2 } == 2 end,
  __close = function() keep(5, { 5 }) end,
})

local function down(n)
  if n == 0 then return { word(n) } end
  local t = { n }
  return (down(n - 1)), t
end

local steps <const> = {
  function(n) keep(n, { n, word(n) }) end,
  function(n) local t = {} for i = 1, n % 60 do t[i] = { i } end keep(n, t) end,
  function(n) keep(n, ("x"):rep(n % 9000)) end,
  function(n) keep(n, table.concat({ word(n), word(n + 1) }, ", ", 1, 2)) end,
  function(n) keep(n, (word(n):gsub(".", function(c) return { c } and c:upper() end))) end,
  function(n) local t = { 5, 3, n, 1 } table.sort(t, function(a, b) return #{ a } < #{ b, a } and a < b end) end,
  function(n) keep(n, pcall(error, { word(n) })) end,
  function(n) keep(n, select(2, pcall(function() local t <close> = proxy error(word(n)) end))) end,
  function(n) keep(n, select(2, xpcall(down, function(m) return { m } end, "none"))) end,
  function(n) keep(n, { down(n % 90) }) end,
  function(n) keep(n, proxy[n]) proxy[n + 1] = word(n) keep(n, proxy(n)) keep(n, proxy .. tostring(n)) end,
  function(n) keep(n, load("local t = {" .. n .. "}\n\nreturn {t}", n % 2 == 0 and "=chunk" or nil)()) end,
  function(n) keep(n, load(string.dump(load("local t = {...}\nreturn function() return {t} end"), true))(n)()) end,
  function(n) keep(n, select(2, load("return " .. ("("):rep(n % 150)))) end,
  function(n) sleeper(n) end,
  function(n)
    local co = coroutine.create(function(a) while true do a = coroutine.yield({ a, word(a) }) end end)
    coroutine.resume(co, n)
    keep(n, co)
  end,
  function(n)
    lazy = lazy or coroutine.wrap(function(a) while true do a = coroutine.yield({ a }) end end)
    keep(n, lazy(n))
  end,
  function(n) keep(n, select(2, coroutine.resume(coroutine.create(function() error({ n }) end)))) end,
  function(n) keep(n, { coroutine.wrap(string.rep)("ab", n % 40) }) end,
  function(n) coroutine.close((coroutine.create(function() return { n } end))) end,
  function(n) keep(n, setmetatable({}, { __gc = function() kept[n % 97] = { word(n) } end })) end,
  function(n) keep(n, setmetatable({}, { __mode = n % 2 == 0 and "k" or "v" })) end,
  function(n) for i in string.gmatch(word(n), "w%d") do keep(n, { i }) end end,
  function(n) debug.sethook(function() keep(n, { n }) end, n % 2 == 0 and "l" or "cr", n % 3) end,
  function() debug.sethook() end,
  function(n) if n % 7 == 0 then collectgarbage() else collectgarbage("step", n % 50) end end,
  function(n) for i = n, n + 9 do keep(i, nil) end end,
  function(n) keep(n, heapster.stats("lua")) end,
  function(n) assert(not pcall(heapster.explain, word, n)) end,
  function(n) keep(n, select(2, heapster.measure(word, n))) end,
}

local figures <const> = { "alloc_count", "alloc_sum", "realloc_growth_count", "realloc_growth_sum",
  "realloc_move_count", "realloc_move_sum" }

local function check(diff, what)
  local sites = diff.sites
  assert(sites.under_way == 0 and sites.elsewhere == 0, what .. ": " .. tostring(sites))
  assert(sites.counted == diff.alloc_count + diff.realloc_growth_count)
  for _, figure in ipairs(figures) do
    local sum = 0
    for _, site in ipairs(sites) do sum = sum + site[figure] end
    assert(sum == diff[figure], ("%s: %s: %d at sites, %d counted"):format(what, figure, sum, diff[figure]))
  end
  local lives = 0
  for _, site in ipairs(sites) do lives = lives + site.live_count end
  assert(lives <= diff.alloc_count and lives >= diff.live_change, what)
end

local function program(first, count)
  for i = first, first + count - 1 do steps[math.random(#steps)](i) end
end

--- By itself, in a coroutine, or with a debugger's hook set before.
local function explained(options, ...)
  local way = math.random(4)
  if way == 1 then return coroutine.wrap(heapster.measure)(options, ...) end
  if way == 2 then debug.sethook(function() kept[1] = {} end, "l") end
  return heapster.measure(options, ...)
end

local done, round = 0, 0
while done < steps_wanted do
  local count = math.random(20)
  round = round + 1
  local what = ("program %d, steps %d to %d"):format(round, done + 1, done + count)
  local options = { explain = true, scope = math.random(2) == 1 and "thread" or "process" }
  local _, diff = explained(options, program, done, count)
  check(diff, what)
  debug.sethook()
  done = done + count
end
assert(not debug.gethook())
assert(heapster.status().windows_open == 0)

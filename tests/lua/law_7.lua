--- Law 7, to the byte, after every step of a random program: lua5.4 law_7.lua [STEPS [SEED]]
local heapster = require "heapster"
local law_7 = require "law_7_in_c"

local kept = {}
local function keep(value) kept[math.random(200)] = value end

local function word() return string.char(math.random(97, 122)):rep(math.random(0, 60)) end

local steps = {
  function() keep({}) end,
  function()
    local array = {}
    for i = 1, math.random(0, 300) do array[i] = i end
    keep(array)
  end,
  function()
    local map = {}
    for _ = 1, math.random(0, 60) do map[word()] = word() end
    keep(map)
  end,
  function() keep(word()) end,
  function() keep(("x"):rep(math.random(0, 1 << math.random(0, 17)))) end,
  function()
    local words = {}
    for i = 1, math.random(1, 40) do words[i] = word() end
    keep(table.concat(words, ",") .. #words)
  end,
  function() keep(string.format("%q %5.3f", word(), math.random())) end,
  function() keep((word():gsub(".", "%0%0"))) end,
  function()
    local up = word()
    keep(function() return up end)
  end,
  function() keep(load("local a, b = 1, '" .. word() .. "' return function() return a, b end")) end,
  function() keep(select(2, pcall(load, "return " .. ("("):rep(math.random(300))))) end,
  function() pcall(error, { word() }) end,
  function() pcall(string.rep, "x", 1 << 60) end,
  function()
    local depth = math.random(300)
    local function down(n) return n == 0 and word() or (down(n - 1)) end
    keep(coroutine.wrap(function() coroutine.yield(down(depth)) end)())
  end,
  function()
    local thread = coroutine.create(function(...) while true do coroutine.yield({ ... }) end end)
    coroutine.resume(thread, word())
    keep(thread)
  end,
  function() keep(setmetatable({}, { __gc = function() kept[math.random(200)] = { word() } end })) end,
  function() keep(setmetatable({}, { __mode = "k" })) end,
  function() keep(heapster.stats()) end,
  function() heapster.measure(function() keep({ word() }) end) end,
  function() kept[math.random(200)] = nil end,
  function() collectgarbage("step", math.random(0, 50)) end,
  function() if math.random(20) == 1 then collectgarbage() end end,
  function() if math.random(50) == 1 then collectgarbage(math.random(2) == 1 and "generational" or "incremental") end end,
  function() if math.random(200) == 1 then kept = {} end end,
}

local count = tonumber(arg[1]) or 100000
local seed = tonumber(arg[2]) or os.time()
print("seed " .. seed)
math.randomseed(seed)
for _ = 1, count do
  steps[math.random(#steps)]()
  law_7.follow("lua")
end

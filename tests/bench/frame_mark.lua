--- What heapster.frame() costs from Lua over an empty C function, with 8 heaps: frame_mark.lua [ROUNDS]
---
---   LUA_CPATH="build/lua/?.so;build/tests/bench/?.so" lua5.4 tests/bench/frame_mark.lua
---
--- In one process, the candidates take turns; a figure is the median over the rounds, by processor time, less the bare
--- loop. Seven heaps are a host's, the eighth is the state's own. In busy frames a script has a block from as many of the
--- host's heaps and frees it; the same work without a mark is taken off.
local heapster = require "heapster"
local cost = require "lua_cost"
local interleaved = dofile((arg[0]:gsub("[^/]*$", "interleaved.lua")))

local CALLS <const> = 20000
local rounds <const> = tonumber(arg[1]) or 31
local frame <const>, empty <const>, turn_over <const> = heapster.frame, cost.empty, cost.turn_over

cost.heaps(7)
assert(#heapster.heaps() == 8)
frame()

local function busy(heaps) return function() for _ = 1, CALLS do turn_over(heaps) frame() end end end
local function work(heaps) return function() for _ = 1, CALLS do turn_over(heaps) end end end

--- Each with what is taken off.
local candidates <const> = {
  { "bare loop", function() for _ = 1, CALLS do end end },
  { "empty C function", function() for _ = 1, CALLS do empty() end end, 1 },
  { "frame(), nothing happened", function() for _ = 1, CALLS do frame() end end, 1 },
  { "work in 1 heap", work(1) },
  { "frame(), 1 heap was busy", busy(1), 4 },
  { "work in 7 heaps", work(7) },
  { "frame(), 7 heaps were busy", busy(7), 6 },
}

local ns <const> = interleaved(candidates, rounds, CALLS)
local _, diff = heapster.measure(frame)

print(_VERSION .. ", heaps: " .. #heapster.heaps() .. ", requests of a mark: " .. diff.alloc_count)
local unit <const> = ns[2] - ns[1]
for i, candidate in ipairs(candidates) do
  local off = candidate[3]
  if off then
    local own = ns[i] - ns[off]
    print(string.format('"%s",%.1f,%.1f', candidate[1], own, own / unit))
  end
end

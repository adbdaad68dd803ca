--- What a look at the heap costs from Lua, over the same look from C: ns, and their ratios.
---
---   LUA_CPATH="build/lua/?.so;build/tests/bench/?.so" heapster run -- lua5.4 tests/bench/bindings_lua.lua [ROUNDS]
---
--- In one process, the candidates take turns; a figure is the median over the rounds, by processor time, less the bare
--- loop. What Lua's collector spends on the values is in it. It does not show a cold cache, nor what more heaps or
--- threads add to every look.
local heapster = require "heapster"
local cost = require "lua_cost"
local interleaved = dofile((arg[0]:gsub("[^/]*$", "interleaved.lua")))

local CALLS <const> = 20000
local rounds <const> = tonumber(arg[1]) or 31

local function empty() end
local empty_c <const>, stats <const>, measure <const>, measuring <const> =
  cost.empty, heapster.stats, heapster.measure, heapster.measuring
local one <const> = stats()

local candidates <const> = {
  { "Lua bare loop", function() for _ = 1, CALLS do end end },
  { "Lua empty()", function() for _ = 1, CALLS do empty() end end },
  { "C empty() from Lua", function() for _ = 1, CALLS do empty_c() end end },
  { "C heapster_stats_read", function() cost.stats(CALLS) end },
  { "Lua stats()", function() for _ = 1, CALLS do stats() end end },
  { "C window begin and end", function() cost.window(CALLS) end },
  { "Lua measure(empty)", function() for _ = 1, CALLS do measure(empty) end end },
  { "Lua measuring():stop()", function() for _ = 1, CALLS do measuring():stop() end end },
  { "Lua stats.alloc_count", function() for _ = 1, CALLS do local _ = one.alloc_count end end },
}

local ns = {}
for i, each in ipairs(interleaved(candidates, rounds, CALLS)) do ns[candidates[i][1]] = each end
local loop <const> = ns["Lua bare loop"]
for _, candidate in ipairs(candidates) do -- the loops of two are C's
  local name = candidate[1]
  local is_in_c = name:find("^C heapster") or name:find("^C window")
  if not is_in_c and name ~= "Lua bare loop" then ns[name] = ns[name] - loop end
end

print("# heapster run -- lua5.4 tests/bench/bindings_lua.lua " .. rounds)
print("# " .. _VERSION .. ", heaps: " .. #heapster.heaps())
print("what,ns")
for _, candidate in ipairs(candidates) do print(string.format("%s,%.1f", candidate[1], ns[candidate[1]])) end
local function ratio(over, under) print(string.format("%s / %s,%.2f", over, under, ns[over] / ns[under])) end
ratio("Lua stats()", "C heapster_stats_read")
ratio("Lua measure(empty)", "C window begin and end")
ratio("Lua measure(empty)", "Lua empty()")
ratio("Lua measure(empty)", "C empty() from Lua")

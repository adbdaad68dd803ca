--- Figures for the node exporter's textfile collector: heapster run -o /dev/null -- lua5.4 metrics.lua

local heapster = require "heapster"

--- Written beside and renamed: the collector reads every *.prom of its folder, at any moment, and never half of one.
local function write_metrics(path)
  local beside = path .. ".new"
  local file <close> = assert(io.open(beside, "w"))
  assert(file:write(heapster.prometheus()))
  assert(file:close())
  assert(os.rename(beside, path))
end

write_metrics(arg[1] or "game.prom")

--- A window whose user value is replaced by another userdata: stop() must not write its figures over that.

local heapster = require "heapster"
local verdict = require "verdict"

for _ = 1, 50 do
  local window = heapster.measuring()
  debug.setuservalue(window, io.tmpfile(), 1)
  pcall(window.stop, window)
end
collectgarbage()
verdict(true, "the state survives")

--- A script that finds a leak in its host: the host must fail with it.
local heapster = require "heapster"

heapster.limit({ live_change = 0, use_peak = "1 MiB" }, function() load_texture(1024, 1024) end)

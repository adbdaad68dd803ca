--- Looks at the host's heaps and asserts what it finds.
local heapster = require "heapster"

local names = {}
for i, heap in ipairs(heapster.heaps()) do names[i] = heap.name end
assert(table.concat(names, " "):find("^textures audio"))
assert(heapster.stats("audio").use_curr == 44100)

local texture, diff = heapster.measure({ heap = "textures" }, load_texture, 640, 480)
assert(diff.alloc_count == 1 and diff.live_change == 1 and diff.use_peak == 640 * 480 * 4)
assert(diff.foreign_count == 0)

-- A frame that draws what is there asks for nothing.
heapster.limit({ alloc_count = 0, heap = "textures" }, function() return texture end)

do
  local window <close> = heapster.measuring { heap = "textures" }
  free_texture(texture)
  assert(window:stop().live_change == -1)
end
assert(heapster.heap("textures"):stats().use_curr == 0)

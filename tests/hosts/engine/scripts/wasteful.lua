--- What a script should not do: a new table for each vector that it computes.
local bodies = bodies

local wasteful = {}

local function vector(x, y) return { x = x, y = y } end

local function add(a, b) return vector(a.x + b.x, a.y + b.y) end

function wasteful.update(self, seconds)
  local dx, dy = bodies.speed(self.body)
  return add(vector(bodies.place(self.body)), vector(dx * seconds, dy * seconds))
end

return wasteful

--- A sheep strays, and turns where the meadow ends.
local world = require "world"
local bodies = bodies

local sheep = { radius = 3 }

function sheep.spawn(self) bodies.push(self.body, 5 + 10 * math.random(), 20 * math.random() - 10) end

local function turned(at, speed, most)
  if at < 0 then return math.abs(speed) end
  return at > most and -math.abs(speed) or speed
end

function sheep.move(self)
  local x, y = bodies.place(self.body)
  local dx, dy = bodies.speed(self.body)
  bodies.push(self.body, turned(x, dx, world.WIDTH), turned(y, dy, world.HEIGHT))
end

function sheep.collide() end

function sheep.die() end

return sheep

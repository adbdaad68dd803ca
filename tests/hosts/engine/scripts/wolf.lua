--- A wolf moves as a sheep does, but faster, and eats the sheep that it meets.
local sheep = require "sheep"
local world = require "world"
local bodies = bodies

local wolf = { radius = 4, move = sheep.move, die = sheep.die }

function wolf.spawn(self) bodies.push(self.body, 60 * math.random() - 30, 60 * math.random() - 30) end

function wolf.collide(_, other)
  if other.kind == sheep then world.eat(other) end
end

return wolf

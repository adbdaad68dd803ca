--- The entities: spawned, moved, collided and let die. A dead one's table and body are the next one's, so that a world that
--- keeps its number asks for nothing.
local bodies = bodies

local world = { WIDTH = 320, HEIGHT = 200 }

local alive, resting = {}, {} -- entities; both have room for all
local by_body = {}
local alive_count, resting_count, eaten = 0, 0, 0
local follower

--- Adds an entity of that kind, a table of functions, at a place.
function world.spawn(kind, x, y)
  local self = resting[resting_count]
  resting[resting_count] = nil
  resting_count = resting_count - 1
  alive_count = alive_count + 1
  alive[alive_count] = self
  self.kind, self.place = kind, alive_count
  self.body = bodies.make(x, y, kind.radius)
  by_body[self.body] = self
  kind.spawn(self)
end

--- Takes one from the world; the last one gets its place.
function world.kill(self)
  self.kind.die(self)
  by_body[self.body] = false
  bodies.free(self.body)
  local last = alive[alive_count]
  alive[self.place], last.place = last, self.place
  alive[alive_count] = nil
  alive_count = alive_count - 1
  resting_count = resting_count + 1
  resting[resting_count] = self
end

function world.eat(self)
  local kind = self.kind
  eaten = eaten + 1
  world.kill(self)
  world.spawn(kind, 0, math.random() * world.HEIGHT) -- another comes over the hill
end

--- Makes an empty world with room for so many.
function world.open(room)
  world.close()
  for i = 1, room do
    resting[i] = { kind = false, body = 0, place = 0 }
    alive[i], by_body[i] = false, false -- the room in the arrays
  end
  for i = room, 1, -1 do alive[i] = nil end
  resting_count = room
end

function world.close()
  alive, resting, by_body = {}, {}, {}
  alive_count, resting_count, eaten = 0, 0, 0
  bodies.clear()
end

local function collide(self)
  local other = bodies.touching(self.body)
  if other then self.kind.collide(self, by_body[other]) end
end

--- Something to be called for each entity and frame, or nil.
function world.follow(fn) follower = fn end

--- One frame. From the last to the first: who takes a dead one's place has had its turn, and has at most a second one.
function world.update(seconds)
  for i = alive_count, 1, -1 do
    local self = alive[i]
    if self then
      self.kind.move(self, seconds)
      if follower then follower(self, seconds) end
      collide(self)
    end
  end
end

function world.count() return alive_count end

function world.eaten() return eaten end

return world

--- Levels: what one needs is loaded with it, and goes with it.
local world = require "world"

local level = {}

local loaded -- { textures = numbers, audio = numbers }

local function load_all(shelf, wanted)
  local numbers = {}
  for i, asset in ipairs(wanted) do numbers[i] = shelf.load(table.unpack(asset)) end
  return numbers
end

local function release_all(shelf, numbers)
  for _, number in ipairs(numbers) do shelf.release(number) end
end

local function populate(kinds)
  for _, of in ipairs(kinds) do
    for _ = 1, of.count do world.spawn(of.kind, math.random() * world.WIDTH, math.random() * world.HEIGHT) end
  end
end

function level.load(name)
  local plan = require("levels." .. name)
  level.unload()
  loaded = { textures = load_all(textures, plan.textures), audio = load_all(audio, plan.audio) }
  if plan.enter then plan.enter() end
  world.open(plan.room)
  populate(plan.entities)
  collectgarbage()
end

function level.unload()
  world.close()
  if not loaded then return end
  release_all(textures, loaded.textures)
  release_all(audio, loaded.audio)
  loaded = nil
  collectgarbage()
end

--- There and back: what stays alive of it is a leak.
function level.visit(name)
  level.load(name)
  level.unload()
end

return level

--- What the console knows with a slash in front: a function a command, called with the words behind it.
local budget = require "budget"
local level = require "level"
local wasteful = require "wasteful"
local world = require "world"

local commands = {}

local HELP = [[
/run [FRAMES]      plays so many frames, 60 unless said, and holds them to their budget: nothing is asked of any heap
/level NAME        unloads the level and loads another: meadow, castle
/unload            unloads the level
/wasteful on|off   a script that makes three tables for each entity and frame
/quit              ends the game; the end of the input plays it to its end
= EXPRESSION       prints its values; any other line is Lua as well]]

function commands.help() print(HELP) end

function commands.run(frames)
  local count = math.tointeger(tonumber(frames or 60))
  if not count or count < 0 then error(("'%s' is no number of frames"):format(frames), 0) end
  budget.play(count, world.update)
  print(("%d frames, %d entities, %d eaten"):format(count, world.count(), world.eaten()))
end

function commands.level(name)
  if not name then error("which level? meadow, castle", 0) end
  level.load(name)
end

function commands.unload() level.unload() end

function commands.wasteful(switch)
  if switch ~= "on" and switch ~= "off" then error("/wasteful on, or /wasteful off", 0) end
  world.follow(switch == "on" and wasteful.update or nil)
end

return commands

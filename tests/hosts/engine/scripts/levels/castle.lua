--- A level with a fault: its banner is on no list, so nobody releases it.
return {
  textures = { { "stone", 1024, 1024 }, { "wolf", 256, 256 } },
  audio = { { "echo", 4 } },
  entities = { { kind = require "wolf", count = 12 } },
  room = 12,
  enter = function() textures.load("banner", 256, 512) end,
}

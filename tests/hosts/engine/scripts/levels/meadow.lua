--- The first level.
return {
  textures = { { "grass", 512, 512 }, { "sheep", 256, 256 }, { "wolf", 256, 256 } },
  audio = { { "wind", 20 }, { "bleating", 2 } },
  entities = { { kind = require "sheep", count = 48 }, { kind = require "wolf", count = 4 } },
  room = 52,
}

--- The first script: makes the console's words, and loads the first level.
heapster = require "heapster"
level = require "level"
visit = level.visit
require "commands"

math.randomseed(1)
level.load "meadow"

--- A second copy of the core in the process is refused: lua5.4 test_second_copy.lua PATH
local heapster = require "heapster"
local lu = require "luaunit"
local support = require "support"

local path <const> = assert(arg[1])
arg = {}

TestSecondCopy = {}

function TestSecondCopy.test_module_with_a_core_of_its_own_is_refused_with_both_paths()
  local open = assert(package.loadlib(path, "luaopen_heapster"))
  support.refused({ "two copies of heapster", "libheapster.so.0", path }, open)
  lu.assertEquals(heapster.stats().kind, "snapshot")
end

support.run()

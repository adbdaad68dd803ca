--- The smoke tests of Lua and Python make the same checks in the same order: lua5.4 test_twins.lua LUA PYTHON
local lu = require "luaunit"
local support = require "support"

local function names_in(path, pattern)
  local names = {}
  for line in io.lines(path) do names[#names + 1] = line:match(pattern) end
  return names
end

local ours <const> = names_in(arg[1], "^function TestSmoke%.(test_[%w_]+)")
local theirs <const> = names_in(arg[2], "^def (test_[%w_]+)")
arg = {}

TestTwins = {}

function TestTwins.test_smoke_tests_are_twins()
  lu.assertTrue(#ours > 10)
  lu.assertEquals(ours, theirs)
end

support.run()

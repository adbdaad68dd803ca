--- Tests that are twins make the same checks in the same order: lua5.4 test_twins.lua LUA PYTHON [LUA PYTHON ...]
local lu = require "luaunit"
local support = require "support"

local function names_in(path, pattern)
  local names = {}
  for line in io.lines(path) do names[#names + 1] = line:match(pattern) end
  return names
end

local pairs_of_files = {}
for i = 1, #arg, 2 do pairs_of_files[#pairs_of_files + 1] = { arg[i], arg[i + 1] } end
arg = {}

TestTwins = {}

function TestTwins.test_twins_have_the_same_tests_in_the_same_order()
  lu.assertTrue(#pairs_of_files > 1)
  for _, files in ipairs(pairs_of_files) do
    local ours = names_in(files[1], "^function Test%u%a+%.(test_[%w_]+)")
    lu.assertTrue(#ours > 10)
    lu.assertEquals(ours, names_in(files[2], "^def (test_[%w_]+)"))
  end
end

support.run()

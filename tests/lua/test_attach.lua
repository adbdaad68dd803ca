--- malloc counted in a plain lua5.4: heapster.hook("malloc"), without heapster run.
local heapster = require "heapster"
local lu = require "luaunit"
local support = require "support"

TestAttach = {}

function TestAttach.setUp() heapster.hook("malloc") end

function TestAttach.tearDown() heapster.unhook("malloc") end

function TestAttach.test_status_names_the_way_and_proves_it()
  local status = heapster.status()
  lu.assertEquals({ status.malloc_way, status.malloc_is_proved }, { "attach", true })
  lu.assertNil(status.malloc_problem)
end

function TestAttach.test_what_libc_asks_is_in_heap_malloc()
  local _, diff = heapster.measure({ heap = "malloc" }, function()
    for _ = 1, 10 do io.open("/dev/null"):close() end
  end)
  lu.assertEquals({ diff.alloc_count, diff.dealloc_count }, { 10, 10 }) -- a FILE each
end

function TestAttach.test_what_the_state_asks_is_in_heap_lua()
  local _, diff = heapster.measure({ heap = "malloc" }, function()
    local kept = {}
    for i = 1, 1000 do kept[i] = { i } end
  end)
  lu.assertEquals(diff.alloc_count, 0)
end

function TestAttach.test_unhook_ends_it()
  heapster.unhook("malloc")
  heapster.unhook("malloc")
  lu.assertEquals(heapster.status().malloc_way, "none")
  lu.assertStrContains(heapster.status().malloc_problem, "its hook is off")
  heapster.hook("malloc")
  heapster.hook("malloc")
  lu.assertEquals(heapster.status().malloc_way, "attach")
end

support.run()

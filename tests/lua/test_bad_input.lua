--- The twin of tests/python/test_bad_input.py: the same bad inputs in the same order. Each is an error that names the
--- offender and its place, and none leaves a window open.
local heapster = require "heapster"
local blocks = require "blocks"
local lu = require "luaunit"
local support = require "support"

blocks.create("textures")
local function nothing() end
local stats <const> = heapster.stats("textures")

--- In a function of Lua, so that the error has a place; an error value of heapster's, or a string.
local function refused(words, fn, ...)
  local arguments = table.pack(...)
  local err = support.refused(words, function() local _ = fn(table.unpack(arguments, 1, arguments.n)) end)
  lu.assertStrMatches(tostring(err), "^.*test_bad_input%.lua:%d+: .*")
  lu.assertEquals(heapster.status().windows_open, 0)
  return err
end

local function get(value, name) return value[name] end
local function set(value, name) value[name] = 1 end
local function minus(a, b) return a - b end

TestBadInput = {}

function TestBadInput.test_unknown_heap_is_named_with_those_there_are()
  local err = refused({ "no heap is called \"textuers\"; did you mean \"textures\"? There is textures" },
    heapster.stats, "textuers")
  lu.assertEquals(err.kind, "UnknownHeap")
  refused({ "no heap is called \"\"" }, heapster.stats, "")
  refused({ "no heap is called \"attic\"; there is textures" }, heapster.heap, "attic")
  refused({ "\"attic\"" }, heapster.measure, { heap = "attic" }, nothing)
  refused({ "\"attic\"" }, heapster.limit, { heap = "attic", alloc_count = 1 }, nothing)
end

function TestBadInput.test_heap_whose_hook_is_off_says_why()
  local err = refused({ "heap \"malloc\" is not counted: its functions are not hooked", "heapster run", "heapster.status()" },
    heapster.stats, "malloc")
  lu.assertEquals(err.kind, "NotCounting")
end

function TestBadInput.test_heap_of_another_type_is_named()
  refused({ "bad argument #1", "heap's name or heapster.Heap expected, got number" }, heapster.stats, 3)
  refused({ "bad argument #1", "got nil" }, heapster.heap, nil)
  refused({ "bad argument #1", "heap: name or heapster.Heap expected, got number" }, heapster.measuring, { heap = 3 })
end

function TestBadInput.test_name_with_a_null_character_is_refused()
  refused({ "\"textures\" has a null character behind it" }, heapster.stats, "textures\0")
  refused({ "null character" }, heapster.hook, "lua\0")
  refused({ "null character" }, heapster.limit, { use_peak = "1 MiB\0" }, nothing)
end

function TestBadInput.test_unknown_field_is_named()
  refused({ "no field 'alloc_cnt'; did you mean 'alloc_count'?" }, get, stats, "alloc_cnt")
  refused({ "no field 'attic'" }, get, stats, "attic")
  refused({ "no field 'nmae'; did you mean 'name'?" }, get, heapster.heap("textures"), "nmae")
  refused({ "no field 'lua_wya'; did you mean 'lua_way'?" }, get, heapster.status(), "lua_wya")
end

function TestBadInput.test_field_cannot_be_set()
  refused({ "heapster.Stats cannot be changed" }, set, stats, "alloc_count")
  refused({ "heapster.Heap cannot be changed" }, set, heapster.heap("textures"), "name")
  refused({ "heapster.Status cannot be changed" }, set, heapster.status(), "lua_way")
end

function TestBadInput.test_unknown_option_is_named_with_those_there_are()
  refused({ "bad argument #1", "no option 'attic'; options: heap, scope" }, heapster.measuring, { attic = 1 })
end

function TestBadInput.test_scope_that_there_is_not_is_named()
  refused({ "scope: \"process\" or \"thread\" expected, got cpu" }, heapster.measure, { scope = "cpu" }, nothing)
  refused({ "scope: ", "got false" }, heapster.measuring, { scope = false })
end

function TestBadInput.test_count_of_runs_that_is_none_is_named()
  refused({ "repeat: integer from 1 up expected, got 0" }, heapster.measure, { ["repeat"] = 0 }, nothing)
  refused({ "repeat: integer from 1 up expected, got string" }, heapster.measure, { ["repeat"] = "2" }, nothing)
  refused({ "repeat: integer from 1 up expected, got 1.5" }, heapster.measure, { ["repeat"] = 1.5 }, nothing)
  refused({ "warmup: integer from 0 up expected, got -1" }, heapster.measure, { warmup = -1 }, nothing)
  refused({ "warmup: ", "got true" }, heapster.measure, { warmup = true }, nothing)
end

function TestBadInput.test_word_for_the_collector_that_there_is_not_is_named()
  refused({ "gc: \"leave\" or \"stop\" expected, got off" }, heapster.measure, { gc = "off" }, nothing)
  refused({ "gc: ", "got 0" }, heapster.measure, { gc = 0 }, nothing)
end

function TestBadInput.test_measure_without_a_function_is_refused()
  refused({ "bad argument #1", "function expected, got no value" }, heapster.measure)
  refused({ "function expected, got nil" }, heapster.measure, nil)
  refused({ "function expected, got number" }, heapster.measure, 3)
end

function TestBadInput.test_limit_without_a_function_says_how_it_is_called()
  refused({ "bad argument #1", "limit({alloc_count = 10}, fn, ...)" }, heapster.limit)
  refused({ "bad argument #1", "limit({alloc_count = 10}, fn, ...)" }, heapster.limit, 3)
  refused({ "bad argument #2", "limit({alloc_count = 10}, fn, ...)" }, heapster.limit, { alloc_count = 1 })
  refused({ "bad argument #2", "got number" }, heapster.limit, { alloc_count = 1 }, 3)
end

function TestBadInput.test_limit_of_nothing_is_refused()
  refused({ "no limit is given" }, heapster.limit, { scope = "thread" }, nothing)
end

function TestBadInput.test_limit_on_an_unknown_field_is_named()
  refused({ "unknown field \"alloc_cnt\"; did you mean alloc_count?" }, heapster.limit, { alloc_cnt = 1 }, nothing)
  refused({ "unknown field \"attic\"; fields: alloc_count" }, heapster.limit, { attic = 1 }, nothing)
end

function TestBadInput.test_limit_on_an_absolute_field_names_the_one_to_use()
  refused({ "use_curr has no meaning in a window; use use_change" }, heapster.limit, { use_curr = 1 }, nothing)
end

function TestBadInput.test_value_that_is_no_limit_is_named()
  local function value(words, bound) refused(words, heapster.limit, { alloc_count = bound }, nothing) end
  value({ "alloc_count: number has no integer representation" }, 1.5)
  value({ "alloc_count: integer", "got boolean" }, true)
  value({ "alloc_count: integer", "got string" }, "1 MiB")
  value({ "alloc_count: the figure is never negative" }, -1)
  value({ "alloc_count: the pair allows nothing: the least stands first" }, { 3, 2 })
end

function TestBadInput.test_size_that_is_none_is_named()
  refused({ "use_peak: '1 XiB' is not a size" }, heapster.limit, { use_peak = "1 XiB" }, nothing)
end

function TestBadInput.test_difference_with_another_type_is_refused()
  refused({ "heapster.Stats expected, got number" }, minus, stats, 3)
  refused({ "heapster.Stats expected, got number" }, minus, 3, stats)
  refused({ "a snapshot and a diff" }, minus, stats, stats - stats)
end

function TestBadInput.test_share_of_a_histogram_is_0_to_1()
  refused({ "a share is 0 .. 1" }, stats.alloc_histogram.quantile, stats.alloc_histogram, 1.5)
  refused({ "number expected, got string" }, stats.alloc_histogram.quantile, stats.alloc_histogram, "x")
end

function TestBadInput.test_hook_that_there_is_not_is_named()
  refused({ "no hook is called \"attic\"; there are malloc, python and lua" }, heapster.hook, "attic")
  refused({ "no hook is called \"attic\"" }, heapster.unhook, "attic")
  refused({ "bad argument #1" }, heapster.hook, nil)
end

function TestBadInput.test_size_that_cannot_be_watched_is_named()
  for _, size in ipairs { 100, 32767, "1 KiB" } do
    refused({ "bad argument #1", "size must be 0 (off) or at least 32 KiB (32768)" }, heapster.watch_large, size)
  end
  refused({ "bad argument #1", "a size is never negative" }, heapster.watch_large, -5)
  refused({ "number has no integer representation" }, heapster.watch_large, 1e19)
  refused({ "bad argument #1", "'big' is not a size such as" }, heapster.watch_large, "big")
  refused({ "'99999999999 GiB' is more than 2^63 - 1 bytes" }, heapster.watch_large, "99999999999 GiB")
  refused({ "alloc_sum: '8388608TiB' is more than 2^63 - 1 bytes" }, heapster.limit, { alloc_sum = "8388608TiB" }, print)
  refused({ "not a size such as" }, heapster.watch_large, "99999999999 XiB")
  refused({ "null character" }, heapster.watch_large, "1 MiB\0")
  refused({ "integer or size such as \"1 MiB\" expected, got nil" }, heapster.watch_large, nil)
  refused({ "number has no integer representation" }, heapster.watch_large, 1e6 + 0.5)
  refused({ "expected, got boolean" }, heapster.watch_large, true)
  refused({ "bad argument #2", "keep: boolean expected, got string" }, heapster.watch_large, 1 << 20, { keep = "yes" })
  refused({ "there is no option 'keeps'; did you mean 'keep'?" }, heapster.watch_large, 1 << 20, { keeps = true })
  refused({ "bad argument #2", "table expected, got boolean" }, heapster.watch_large, 1 << 20, true)
  refused({ "wrong number of arguments" }, heapster.watch_large)
end

function TestBadInput.test_argument_too_many_is_refused()
  refused({ "wrong number of arguments", "got 1" }, heapster.report, 1)
  refused({ "wrong number of arguments", "got 2" }, heapster.stats, "textures", 1)
end

function TestBadInput.test_method_of_another_value_is_refused()
  refused({ "heapster.Stats expected, got heapster.Heap" }, stats.to_json, heapster.heap("textures"))
  refused({ "heapster.Stats expected, got nil" }, stats.to_json, nil)
end

support.run()

--- Stats, Histogram, Heap and Status as values of Lua. Named heaps only: nothing else is counted.
local heapster = require "heapster"
local blocks = require "blocks"
local lu = require "luaunit"
local support = require "support"

blocks.create("textures")
blocks.create_vast("vast")
local textures <const> = heapster.heap("textures")

local function ask(size) return blocks.free("textures", blocks.malloc("textures", size)) end

TestStats = {}

function TestStats.test_integers_beyond_2_to_the_53_stay_exact()
  for _ = 1, 32 do blocks.free("vast", blocks.malloc("vast", 1 << 48)) end
  blocks.free("vast", blocks.malloc("vast", 1))
  local stats = heapster.stats("vast")
  lu.assertEquals(math.type(stats.alloc_sum), "integer")
  lu.assertEquals(stats.alloc_sum, 9007199254740993)
  lu.assertEquals(stats:as_table().total_dealloc_sum, 9007199254740993)
  lu.assertEquals(stats.alloc_histogram[49], 32)
end

function TestStats.test_figures_without_meaning_are_nil()
  blocks.create("untouched")
  local stats = heapster.stats("untouched")
  for _, name in ipairs { "alloc_avg", "dealloc_avg", "realloc_growth_avg", "realloc_shrink_avg", "realloc_move_avg" } do
    lu.assertNil(stats[name], name)
  end
  for _, name in ipairs { "live_change", "use_change", "use_peak", "foreign_count", "use_peak_error" } do lu.assertNil(stats[name], name) end
  lu.assertEquals((stats - stats).live_change, 0)
end

function TestStats.test_averages_are_rounded_down_to_integers()
  local _, diff = heapster.measure(function() ask(10) ask(11) end)
  lu.assertEquals(diff.alloc_avg, 10)
  lu.assertEquals(math.type(diff.alloc_avg), "integer")
end

function TestStats.test_equality_is_of_the_figures()
  support.equal(heapster.stats("textures"), textures:stats())
  local before = textures:stats()
  ask(1)
  lu.assertFalse(before == textures:stats())
  lu.assertFalse(before == textures)
  lu.assertFalse(before == "textures")
  lu.assertFalse(before.alloc_histogram == before)
end

--- The order is the annotation's: see test_library.lua.
function TestStats.test_pairs_gives_the_fields_of_its_json_that_are_not_null()
  local names, expected = {}, {}
  local _, diff = heapster.measure(ask, 32)
  for name, value in pairs(diff) do
    names[#names + 1] = name
    support.equal(value, diff[name], name)
  end
  for name, value in diff:to_json():gmatch('"([%w_]+)": ([^,}]+)') do
    if value ~= "null" then expected[#expected + 1] = name end
  end
  lu.assertEquals(names, expected)
end

function TestStats.test_table_holds_what_pairs_gives()
  local stats = textures:stats()
  local values = stats:as_table()
  for name, value in pairs(stats) do
    if type(value) ~= "userdata" then
      lu.assertEquals(values[name], value)
    else
      lu.assertEquals(#values[name], 64)
      for k, count in ipairs(value) do lu.assertEquals(values[name][k], count) end
    end
    values[name] = nil
  end
  lu.assertNil(next(values))
end

function TestStats.test_text_is_the_report_and_json_the_figures()
  local _, diff = heapster.measure(ask, 32)
  lu.assertStrContains(tostring(diff), "alloc_count: 1\n")
  lu.assertStrContains(tostring(diff), "[     32 B ..      64 B):            1")
  lu.assertStrContains(diff:to_json(), '"use_peak": 32')
  lu.assertStrContains(diff:to_json(), '"realloc_move_avg": null')
end

function TestStats.test_difference_of_differences_compares_them()
  local _, once = heapster.measure(ask, 8)
  local _, twice = heapster.measure(function() ask(8) ask(8) end)
  local more = twice - once
  lu.assertEquals(more.kind, "diff")
  lu.assertEquals(more.alloc_count, 1)
end

function TestStats.test_snapshot_and_diff_have_no_difference()
  local stats = textures:stats()
  support.refused({ "test_values.lua:", "a snapshot and a diff" }, function() return stats - (stats - stats) end)
end

function TestStats.test_unknown_fields_and_changes_are_refused()
  local stats = textures:stats()
  support.refused({ "test_values.lua:", "a heapster.Stats has no field 'alloc_cuont'; did you mean 'alloc_count'?" },
    function() return stats.alloc_cuont end)
  support.refused({ "did you mean 'as_table'?" }, function() return stats:as_tabel() end)
  support.refused({ "did you mean 'lua_kinds'?" }, function() return stats.lua_kind end)
  lu.assertNotStrContains(tostring(support.refused({ "'attic'" }, function() return stats.attic end)), "did you mean")
  support.refused({ "'1'" }, function() return stats[1] end)
  support.refused({ "'nil'" }, function() return stats[nil] end)
  support.refused({ "heapster.Stats cannot be changed" }, function() stats.alloc_count = 1 end)
  support.refused({ "heapster.Histogram cannot be changed" }, function() stats.alloc_histogram[1] = 1 end)
end

function TestStats.test_methods_know_their_class_from_any_other_userdata()
  local stats = textures:stats()
  support.refused({ "heapster.Stats expected, got FILE*" }, stats.as_table, io.stdout)
  support.refused({ "heapster.Stats expected, got heapster.Heap" }, stats.to_json, textures)
  support.refused({ "heapster.Stats expected, got no value" }, stats.as_table)
  support.refused({ "heapster.Stats expected, got number" }, function() return stats - 1 end)
  support.refused({ "heapster.Stats expected, got nil" }, function() return stats - nil end)
  support.refused({ "heapster.Stats expected, got heapster.Histogram" }, function() return stats - stats.alloc_histogram end)
  support.refused({ "heapster.Stats expected" }, getmetatable(stats).__sub, stats,
    setmetatable({}, getmetatable(stats)))
  support.refused({ "heapster.Stats expected, got FILE*" }, getmetatable(stats).__index, io.stdout, "alloc_count")
end

TestHistogram = {}

function TestHistogram.test_bucket_k_is_at_k_plus_1()
  local _, diff = heapster.measure(function() ask(0) ask(1) ask(2) ask(3) ask(4096) end)
  local histogram = diff.alloc_histogram
  lu.assertEquals({ histogram[1], histogram[2], histogram[13], histogram[14] }, { 2, 2, 1, 0 })
  lu.assertEquals(#histogram, 64)
  lu.assertNil(histogram[0])
  lu.assertNil(histogram[65])
  lu.assertNil(histogram[1.5])
  lu.assertEquals(histogram:total(), 5)
end

function TestHistogram.test_ipairs_and_pairs_give_64_buckets()
  local histogram = textures:stats().alloc_histogram
  local counts = { 0, 0 }
  for k, count in ipairs(histogram) do counts[1] = counts[1] + 1 lu.assertEquals(count, histogram[k]) end
  for k, count in pairs(histogram) do counts[2] = counts[2] + 1 lu.assertEquals(count, histogram[k]) end
  lu.assertEquals(counts, { 64, 64 })
end

function TestHistogram.test_difference_equality_and_text()
  local before = textures:stats().alloc_histogram
  ask(100)
  local diff = textures:stats().alloc_histogram - before
  lu.assertEquals(diff:total(), 1)
  lu.assertEquals(diff[7], 1)
  support.equal(diff, diff - (before - before))
  lu.assertFalse(diff == before)
  lu.assertStrContains(tostring(diff), "[     64 B ..     128 B):            1")
  lu.assertEquals(tostring(diff - diff), "")
end

function TestHistogram.test_quantile_of_nothing_is_nil_and_of_no_share_an_error()
  local _, diff = heapster.measure(ask, 64)
  lu.assertEquals(diff.alloc_histogram:quantile(0), 64.0)
  lu.assertEquals(diff.alloc_histogram:quantile(1), 128.0)
  lu.assertNil(diff.realloc_growth_histogram:quantile(0.5))
  lu.assertTrue(diff.realloc_growth_histogram:is_empty())
  for _, share in ipairs { -0.1, 1.1, 0 / 0, math.huge } do
    support.refused({ "bad argument", "a share is 0 .. 1" }, diff.alloc_histogram.quantile, diff.alloc_histogram, share)
  end
  support.refused({ "number expected, got nil" }, diff.alloc_histogram.quantile, diff.alloc_histogram, nil)
  support.refused({ "number expected, got table" }, diff.alloc_histogram.quantile, diff.alloc_histogram, {})
  support.refused({ "wrong number of arguments" }, diff.alloc_histogram.quantile, diff.alloc_histogram)
end

function TestHistogram.test_unknown_methods_are_refused()
  support.refused({ "heapster.Histogram", "'qauntile'; did you mean 'quantile'?" }, function() return textures:stats().alloc_histogram:qauntile(1) end)
end

TestHeap = {}

function TestHeap.test_heaps_are_listed_in_the_order_of_their_creation()
  local names = {}
  for i, heap in ipairs(heapster.heaps()) do names[i] = heap.name end
  lu.assertEquals({ names[1], names[2] }, { "textures", "vast" })
  lu.assertStrContains(tostring(heapster.heaps()), "heapster.Heap: textures\nheapster.Heap: vast")
  lu.assertEquals(tostring(setmetatable({}, getmetatable(heapster.heaps()))), "")
end

function TestHeap.test_heap_equals_itself_by_whatever_way_it_was_found()
  support.equal(heapster.heap("textures"), heapster.heaps()[1])
  support.equal(heapster.heap(textures), textures)
  lu.assertFalse(textures == heapster.heap("vast"))
  lu.assertFalse(textures == 1)
end

function TestHeap.test_heap_has_a_name_and_stats_and_nothing_else()
  lu.assertEquals(textures.name, "textures")
  lu.assertEquals(tostring(textures), "heapster.Heap: textures")
  lu.assertEquals(textures:stats().kind, "snapshot")
  support.equal(heapster.stats(textures), textures:stats())
  support.refused({ "heapster.Heap", "'size'" }, function() return textures.size end)
end

TestStatus = {}

function TestStatus.test_status_is_read_by_field_and_as_text()
  local status = heapster.status()
  lu.assertEquals(status.version, heapster.version)
  lu.assertEquals(status.malloc_way, "none")
  lu.assertEquals(type(status.malloc_problem), "string")
  lu.assertEquals(status.malloc_is_proved, false)
  lu.assertEquals(math.type(status.own_bytes), "integer")
  lu.assertEquals(math.type(status.windows_open), "integer")
  lu.assertStrContains(tostring(status), "malloc: none")
  support.refused({ "heapster.Status", "'malloc_wya'; did you mean 'malloc_way'?" }, function() return status.malloc_wya end)
end

TestModule = {}

function TestModule.test_module_sets_no_global()
  for _, name in ipairs { "heapster", "swig_type", "swig_equals" } do lu.assertNil(rawget(_G, name), name) end
end

function TestModule.test_module_holds_its_own_names_only()
  local names = {}
  for name in pairs(heapster) do names[#names + 1] = name end
  table.sort(names)
  lu.assertEquals(table.concat(names, " "), "LimitExceeded NotCounting UnknownHeap explain frame frames heap heaps hook json "
    .. "large_requests limit live_histogram measure measuring prometheus report reset stats status unhook version watch_large")
  lu.assertNil(getmetatable(heapster))
end

function TestModule.test_module_opened_twice_is_one()
  package.loaded.heapster = nil
  support.equal(require "heapster", heapster)
  local before = textures:stats()
  lu.assertEquals((textures:stats() - before).alloc_count, 0)
end

support.run()

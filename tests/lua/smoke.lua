--- The twin of tests/python/test_smoke.py: the same checks in the same order. Run under `heapster run`.
local heapster = require "heapster"
local lu = require "luaunit"
local support = require "support"

--- Ten requests of heap malloc, at least.
local function build()
  local rows = {}
  for i = 1, 10 do rows[i] = { i } end
  return #rows
end

local function nothing() end

TestSmoke = {}

function TestSmoke.test_stats_are_a_snapshot_of_integers()
  local stats = heapster.stats()
  lu.assertEquals(stats.kind, "snapshot")
  lu.assertEquals(stats.scope, "process")
  lu.assertEquals(math.type(stats.alloc_count), "integer")
  lu.assertTrue(stats.alloc_count > 0)
  lu.assertNil(stats.use_peak)
end

function TestSmoke.test_stats_of_one_heap_are_found_by_its_name()
  lu.assertTrue(heapster.stats("malloc").alloc_count > 0)
  lu.assertTrue(heapster.heap("malloc"):stats().alloc_count > 0)
end

function TestSmoke.test_snapshots_differ_by_what_was_asked_between()
  local before = heapster.stats()
  build()
  local diff = heapster.stats() - before
  lu.assertEquals(diff.kind, "diff")
  lu.assertTrue(diff.alloc_count >= 10)
  support.equal(diff, diff)
  lu.assertFalse(diff == before)
end

function TestSmoke.test_measure_gives_the_result_and_what_it_took()
  local result, diff = heapster.measure(build)
  lu.assertEquals(result, 10)
  lu.assertEquals(diff.kind, "window")
  lu.assertTrue(diff.alloc_count >= 10)
  lu.assertTrue(diff.use_peak > 0)
end

function TestSmoke.test_measure_of_nothing_is_all_zeros()
  local _, diff = heapster.measure(nothing)
  lu.assertEquals(support.traces(diff), "")
end

function TestSmoke.test_measuring_knows_its_diff_when_it_has_ended()
  local window
  do
    local m <close> = heapster.measuring()
    window = m
    build()
  end
  lu.assertTrue(window.diff.alloc_count >= 10)
end

function TestSmoke.test_limit_that_holds_is_silent()
  lu.assertEquals(heapster.limit({ alloc_count = 1000, use_peak = "1 MiB" }, build), 10)
end

function TestSmoke.test_limit_that_is_broken_is_named()
  local err = support.refused({ "alloc_count", "above the limit of 1" }, heapster.limit, { alloc_count = 1 }, build)
  lu.assertEquals(err.kind, "LimitExceeded")
  lu.assertTrue(err.diff.alloc_count >= 10)
end

function TestSmoke.test_heaps_are_listed_in_order()
  local heaps = heapster.heaps()
  lu.assertEquals(heaps[1].name, "malloc")
  support.equal(heaps[1], heapster.heap("malloc"))
end

function TestSmoke.test_unknown_heap_is_named()
  lu.assertEquals(support.refused({ "textures" }, heapster.stats, "textures").kind, "UnknownHeap")
end

function TestSmoke.test_histogram_has_64_buckets_and_quantiles()
  local histogram = heapster.stats().alloc_histogram
  lu.assertEquals(#histogram, 64)
  lu.assertFalse(histogram:is_empty())
  lu.assertTrue(histogram:quantile(0.5) > 0)
  lu.assertNil((histogram - histogram):quantile(0.5))
end

function TestSmoke.test_live_histogram_has_the_blocks_that_are_kept()
  local before = heapster.live_histogram()
  local kept = {}
  for i = 1, 50 do kept[i] = ("x"):rep(300000) end
  lu.assertEquals(heapster.live_histogram()[19] - before[19], #kept)
end

function TestSmoke.test_frames_have_what_was_asked_between_two_marks()
  heapster.frame()
  build()
  heapster.frame()
  local frames = heapster.frames()
  lu.assertTrue(frames.last.alloc_count >= 10)
  lu.assertTrue(frames.last.use_peak > 0)
  lu.assertTrue(frames.worst_index <= frames.frame_count)
  lu.assertStrContains(tostring(frames), "worst")
end

function TestSmoke.test_text_names_the_fields()
  lu.assertStrContains(tostring(heapster.stats()), "alloc_count: ")
  lu.assertStrContains(heapster.report(), "alloc_count: ")
end

function TestSmoke.test_text_has_no_newline_at_its_end()
  lu.assertNotEquals(tostring(heapster.stats()):sub(-1), "\n")
  lu.assertNotEquals(heapster.report():sub(-1), "\n")
end

function TestSmoke.test_machine_output_names_the_heap()
  lu.assertStrContains(heapster.stats():to_json(), '"kind": "snapshot"')
  lu.assertStrContains(heapster.json(), '"malloc"')
  lu.assertStrContains(heapster.prometheus(), 'heapster_allocs_total{heap="malloc"}')
end

function TestSmoke.test_status_says_how_malloc_is_counted()
  local status = heapster.status()
  lu.assertEquals(status.malloc_way, "preload")
  lu.assertTrue(status.malloc_is_proved)
  lu.assertStrContains(tostring(status), "malloc: preload")
end

function TestSmoke.test_reset_starts_from_here()
  local before = heapster.stats()
  heapster.reset()
  local after = heapster.stats()
  lu.assertTrue(after.alloc_count < before.alloc_count)
  lu.assertTrue(after.use_curr > 0)
end

support.run()

--- Frames from Lua: exact figures of a heap that nobody else uses, and nothing from the mark itself.
local heapster = require "heapster"
local blocks = require "blocks"
local lu = require "luaunit"
local support = require "support"

blocks.create("textures")

local unmarked <const> = heapster.frames()
heapster.frame()
local marked_once <const> = heapster.frames()

local function turn_over(size) blocks.free("textures", blocks.malloc("textures", size)) end

local function figures(frame)
  return { frame.alloc_count, frame.realloc_growth_count, frame.total_alloc_sum, frame.use_peak }
end

TestFrames = {}

function TestFrames.test_a_process_before_two_marks_has_no_frames()
  for _, frames in ipairs { unmarked, marked_once } do
    lu.assertEquals({ #frames, frames.frame_count, frames.quiet_count }, { 0, 0, 0 })
    lu.assertNil(frames.worst_index)
    for _, name in ipairs { "last", "mean", "worst" } do lu.assertNil(frames[name]) end
    lu.assertEquals(tostring(frames), "no frame has ended yet: a frame is what happens between two marks")
  end
end

function TestFrames.test_a_frame_has_the_allocs_and_growths_between_two_marks()
  heapster.frame()
  local block = blocks.realloc("textures", blocks.malloc("textures", 100), 400)
  turn_over(50)
  heapster.frame()
  blocks.free("textures", block)
  heapster.frame()
  local frames = heapster.frames("textures")
  lu.assertEquals(figures(frames[#frames - 1]), { 2, 1, 450, 450 })
  lu.assertEquals(figures(frames.last), { 0, 0, 0, 0 })
  support.equal(frames.last, frames[#frames])
  lu.assertFalse(frames.last == frames[#frames - 1])
  lu.assertFalse(frames.last == frames)
  lu.assertEquals(math.type(frames.last.use_peak), "integer")
end

function TestFrames.test_the_last_256_frames_are_kept()
  heapster.frame()
  for size = 1, 299 do
    turn_over(size)
    heapster.frame()
  end
  local frames = heapster.frames(heapster.heap("textures"))
  lu.assertEquals(#frames, 256)
  lu.assertEquals(frames.kept_count, 256)
  local place = 0
  for i, frame in ipairs(frames) do
    lu.assertEquals(frame.use_peak, 43 + i)
    place = i
  end
  lu.assertEquals(place, 256)
  lu.assertEquals(figures(frames.mean), { 1, 0, 171, 171 })
  lu.assertEquals(figures(frames.worst), { 1, 0, 299, 299 })
  lu.assertEquals(frames.worst_index, frames.frame_count)
  lu.assertEquals(frames.quiet_count, 0)
  lu.assertNil(frames[0])
  lu.assertNil(frames[257])
  lu.assertNil(frames[1.5])
end

function TestFrames.test_a_mark_asks_for_nothing()
  heapster.frame()
  local _, diff = heapster.measure(heapster.frame)
  lu.assertEquals(support.traces(diff), "")
end

function TestFrames.test_text_is_a_table_with_a_strip_of_bars()
  for _ = 1, 256 do heapster.frame() end
  turn_over(1000)
  heapster.frame()
  local frames = heapster.frames("textures")
  local first, last = frames.frame_count - 255, frames.frame_count
  lu.assertEquals(tostring(frames), table.concat({
    ("frames %d to %d: 255 of 256 allocated nothing, the worst is %d"):format(first, last, last),
    "                  alloc_count  realloc_growth_count  total_alloc_sum      use_peak",
    "last                        1                     0           1000 B        1000 B",
    "mean                        0                     0              3 B           3 B",
    "worst                       1                     0           1000 B        1000 B",
    "allocs and growths, 4 frames a bar, the worst of them:",
    "|" .. (" "):rep(63) .. "█|",
  }, "\n"))
  lu.assertEquals(tostring(frames.last), "alloc_count=1 realloc_growth_count=0 total_alloc_sum=1000 use_peak=1000")
end

function TestFrames.test_wrong_arguments_are_named()
  support.refused({ "attic" }, heapster.frames, "attic")
  support.refused({ "got number" }, heapster.frames, 3)
  support.refused({ "0 to 1 expected" }, heapster.frames, nil, 2)
  support.refused({ "'frame'", "0 expected" }, function() heapster.frame(1) end)
  support.refused({ "heapster.Frames has no field 'wrost'" }, function() return heapster.frames().wrost end)
  support.refused({ "cannot be changed" }, function() heapster.frames()[1] = 1 end)
  support.refused({ "heapster.Frame has no field 'alloc_sum'" }, function() return heapster.frames().last.alloc_sum end)
  lu.assertEquals(support.refused({ "malloc" }, heapster.frames, "malloc").kind, "NotCounting")
end

support.run()

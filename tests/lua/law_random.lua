--- Laws 1 to 4 over random programs of requests to two named heaps, as Lua sees them: lua5.4 law_random.lua [STEPS]
local heapster = require "heapster"
local blocks = require "blocks"

local names <const> = { "textures", "audio" }
for _, name in ipairs(names) do blocks.create(name) end

local alive = {} -- of {block, heap's name}

local steps = {
  function()
    local name = names[math.random(#names)]
    alive[#alive + 1] = { blocks.malloc(name, math.random(0, 1 << math.random(0, 16))), name }
  end,
  function()
    if #alive == 0 then return end
    local one = alive[math.random(#alive)]
    one[1] = blocks.realloc(one[2], one[1], math.random(0, 1 << math.random(0, 16)))
  end,
  function()
    if #alive == 0 then return end
    local one = table.remove(alive, math.random(#alive))
    blocks.free(one[2], one[1])
  end,
}

local function total_of(histogram)
  local sum = 0
  for _, count in ipairs(histogram) do sum = sum + count end
  return sum
end

local function check_counts_are_sums_of_histograms(stats)
  assert(stats.alloc_count == total_of(stats.alloc_histogram))
  assert(stats.realloc_growth_count == total_of(stats.realloc_growth_histogram))
  assert(stats.realloc_shrink_count == total_of(stats.realloc_shrink_histogram))
end

local function check_sums_make_the_use(before, after)
  local diff = after - before
  assert((diff.total_alloc_sum - diff.total_dealloc_sum) == diff.use_change)
  assert(after.use_curr - before.use_curr == diff.use_change)
  assert(after.total_alloc_sum - after.total_dealloc_sum == after.use_curr)
end

local own <const> = { use_max = true }

local function check_total_is_the_sum_of_heaps()
  local total = heapster.stats():as_table()
  for field, value in pairs(total) do
    if math.type(value) == "integer" and not own[field] and not field:find("_avg$") then
      local sum = 0
      for _, heap in ipairs(heapster.heaps()) do sum = sum + heap:stats()[field] end
      assert(sum == value, field)
    end
  end
end

local function check_nothing_is_all_zeros()
  local _, diff = heapster.measure(function() end)
  for field, value in pairs(diff) do
    local is_absolute = field == "use_curr" or field == "live_count"
    assert(is_absolute or math.type(value) ~= "integer" or value == 0, field)
  end
end

local count = tonumber(arg[1]) or 20000
local seed = tonumber(arg[2]) or os.time()
print("seed " .. seed)
math.randomseed(seed)
local before = heapster.stats()
for step = 1, count do
  steps[math.random(#steps)]()
  if step % 50 == 0 then
    local after = heapster.stats()
    check_counts_are_sums_of_histograms(after)
    check_sums_make_the_use(before, after)
    check_total_is_the_sum_of_heaps()
    check_nothing_is_all_zeros()
    assert(after.live_count == #alive)
    before = after
  end
end
for _, one in ipairs(alive) do blocks.free(one[2], one[1]) end
local left = heapster.stats()
assert(left.live_count == 0 and left.use_curr == 0)

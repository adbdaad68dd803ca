--- Candidates timed in turns: each a table whose second item is a function that makes `calls` calls. Returns the ns of
--- one call of each, in their order: the median over the rounds, by processor time.
return function(candidates, rounds, calls)
  local taken = {}
  for i in ipairs(candidates) do taken[i] = {} end
  for round = 1, rounds do
    for i, candidate in ipairs(candidates) do
      local start = os.clock()
      candidate[2]()
      taken[i][round] = (os.clock() - start) / calls * 1e9
    end
  end
  local ns = {}
  for i in ipairs(candidates) do
    table.sort(taken[i])
    ns[i] = taken[i][rounds // 2 + 1]
  end
  return ns
end

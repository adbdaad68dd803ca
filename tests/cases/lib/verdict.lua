--- How a case in Lua says what it saw: `verdict(is_right, "off by", n)` is its last line.

return function(is_right, ...)
  local words = table.pack(...)
  for i = 1, words.n do words[i] = tostring(words[i]):gsub("%s+", " ") end
  print((is_right and "right: " or "wrong: ") .. table.concat(words, " "))
end

--- A session at Lua's own console is what was recorded: lua5.4 test_console.lua LUA SESSION
--- In a README the session is between "<!-- session -->" and "<!-- end of session -->".
--- There `...` stands for the rest of a line, and alone on one for any lines.
local lu = require "luaunit"
local support = require "support"

local lua <const>, path <const> = arg[1], arg[2]
arg = {}

local function lines_of(file)
  local lines = {}
  for line in file:lines() do lines[#lines + 1] = line end
  file:close()
  return lines
end

--- The lines of the session: all, or those in the code blocks of a README.
local function session_of(lines)
  local block = {}
  local is_inside = false
  for _, line in ipairs(lines) do
    if line == "<!-- end of session -->" then is_inside = false end
    if is_inside and line ~= "```" then block[#block + 1] = line end
    is_inside = is_inside or line == "<!-- session -->"
  end
  return #block > 0 and block or lines
end

local recorded <const> = session_of(lines_of(assert(io.open(path))))

local function inputs()
  local lines = {}
  for _, line in ipairs(recorded) do lines[#lines + 1] = line:match("^>>? (.*)$") end
  return lines
end

--- What the console shows of its prompts, the inputs and the answers. A terminal of few columns would cut the inputs.
local function session()
  local name = os.tmpname()
  local file <close> = assert(io.open(name, "w"))
  file:write(table.concat(inputs(), "\n"), "\n")
  file:close()
  local shown = lines_of(assert(io.popen(("TERM=dumb COLUMNS=1000 %s -i <%s 2>&1"):format(lua, name))))
  os.remove(name)
  table.remove(shown, 1) -- Lua's own heading
  if shown[#shown] == "> " then shown[#shown] = nil end
  return shown
end

local function is_like(line, pattern)
  local start = pattern:match("^(.*)%.%.%.$")
  if start then return line:sub(1, #start) == start end
  return line == pattern
end

--- The number of the first line from `from` on that is like the pattern.
local function next_like(lines, from, pattern)
  while from <= #lines and not is_like(lines[from], pattern) do from = from + 1 end
  return from
end

TestConsole = {}

function TestConsole.test_session_is_as_it_was_recorded()
  local shown = session()
  local at, is_open = 1, false
  for number, pattern in ipairs(recorded) do
    if pattern == "..." then
      is_open = true
    else
      if is_open then at = next_like(shown, at, pattern) end
      if not is_like(shown[at] or "", pattern) then
        lu.fail(("%s, line %d of the session: recorded %q, shown %q"):format(path, number, pattern, shown[at] or "nothing"))
      end
      at, is_open = at + 1, false
    end
  end
  lu.assertTrue(is_open or at == #shown + 1, "more was shown: " .. tostring(shown[at]))
end

support.run()

--- What the tests share: luaunit (Debian's lua-unit), and words for errors.
local heapster = require "heapster"
local lu = require "luaunit"

local support = {}

--- What a release requests for a string without its bytes, for a table's header and for an array of `n` values.
local is_5_4 <const> = _VERSION == "Lua 5.4"
support.string_size = is_5_4 and 24 + 1 or 32 + 1
support.table_size = is_5_4 and 56 or 48
function support.array_size(n) return is_5_4 and 16 * n or 9 * n + 4 end

--- The values of a class are not tables: luaunit shall print and compare them as they are.
function support.equal(found, expected, what)
  if found ~= expected then
    lu.fail(string.format("%sexpected %s, found %s", what and what .. ": " or "", tostring(expected), tostring(found)))
  end
end

--- The error of a call that must fail, whose text must hold each of `words`.
function support.refused(words, fn, ...)
  local ok, err = pcall(fn, ...)
  if ok then lu.fail("no error, but \"" .. table.concat(words, "\", \"") .. "\" was expected") end
  for _, word in ipairs(words) do lu.assertStrContains(tostring(err), word) end
  return err
end

--- Every figure of a diff that is not 0, as "name=value ...": empty for one of nothing.
function support.traces(diff)
  local found = {}
  local absolute = { use_curr = true, live_count = true }
  for name, value in pairs(diff) do
    local is_figure = math.type(value) == "integer"
    if is_figure and value ~= 0 and not absolute[name] then found[#found + 1] = name .. "=" .. value end
  end
  return table.concat(found, " ")
end

--- The number of the line that calls this.
function support.line() return debug.getinfo(2, "l").currentline end

--- The site of that line of the file that calls this, or nil.
function support.site_at(sites, number)
  local file = debug.getinfo(2, "S").source:sub(2)
  for _, site in ipairs(sites) do
    if site.file == file and site.line == number then return site end
  end
end

--- The sites of a call that must be explained wholly.
function support.explained(fn, ...)
  local _, sites = heapster.explain(fn, ...)
  lu.assertEquals({ sites.explained, sites.elsewhere, sites.under_way }, { sites.counted, 0, 0 })
  return sites
end

--- Runs the tests of the file: global tables Test..., as luaunit finds them.
function support.run() os.exit(lu.LuaUnit.run("-o", "text")) end

return support

"""What the programs of programs.py work on: made here, the same each time, so that nothing is fetched.

A scale of 1 is about a second's work for a program that nobody watches.
"""

import random
import subprocess

LUA = """
local rounds = ...
local kept = {}
for round = 1, rounds do
  local rows = {}
  for i = 1, 2000 do
    local row = { id = i, name = "row " .. i .. ":" .. round, tags = { i % 7, tostring(i * round) } }
    row.show = function(prefix) return prefix .. row.name end
    rows[#rows + 1] = row
  end
  table.sort(rows, function(a, b) return a.name < b.name end)
  local text = {}
  for _, row in ipairs(rows) do text[#text + 1] = row.show("> ") end
  kept[round % 8 + 1] = table.concat(text, "\\n")
end
print(#table.concat(kept))
"""


def sqlite(folder, scale):
    """Rows of text that are made, indexed, changed and grouped."""
    rows = max(100, int(100_000 * scale))
    path = folder / "notes.sql"
    path.write_text(f"""
        CREATE TABLE note(id INTEGER PRIMARY KEY, author TEXT, body TEXT);
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})
          INSERT INTO note SELECT i, 'author ' || (i * 7919 % 997), printf('%.*c', 20 + i % 100, 'x') || i FROM n;
        CREATE INDEX by_author ON note(author);
        UPDATE note SET body = upper(body) || ' changed' WHERE id % 3 = 0;
        SELECT author, count(*), sum(length(body)) FROM note GROUP BY author ORDER BY 3 DESC LIMIT 5;
        SELECT count(DISTINCT substr(body, 1, 40)), group_concat(DISTINCT length(body)) FROM note;
    """, encoding="utf-8")
    return path


def lua(folder, scale):
    path = folder / "rows.lua"
    path.write_text(LUA, encoding="utf-8")
    return path, max(1, int(80 * scale))


def c_source(folder, scale):
    """A large file as the preprocessor leaves it: structs, and functions over them that the compiler has to think about."""
    chance, parts = random.Random(7), []
    for i in range(max(2, int(100 * scale))):
        numbers = [chance.randrange(1, 1000) for _ in range(6)]
        parts.append(f"""
struct part_{i} {{ int kind; long weights[{4 + i % 9}]; struct part_{i} *next; }};
static long walk_{i}(struct part_{i} *part, int depth) {{
  long sum = {numbers[0]};
  for (int j = 0; j < {4 + i % 9}; j++) {{
    switch ((part->kind + j) % 5) {{
      case 0: sum += part->weights[j] * {numbers[1]}; break;
      case 1: sum ^= part->weights[j] << (depth & 7); break;
      case 2: sum -= part->weights[j] / {numbers[2]}; break;
      default: if (part->weights[j] > {numbers[3]}) sum += depth % {numbers[4]}; else sum *= {numbers[5]};
    }}
  }}
  return part->next && depth > 0 ? sum + walk_{i}(part->next, depth - 1) : sum;
}}
long entry_{i}(struct part_{i} *part) {{ return walk_{i}(part, {3 + i % 5}){f" + entry_{i - 1}(0)" if i else ""}; }}
""")
    path = folder / "large.i"
    path.write_text("\n".join(parts), encoding="utf-8")
    return path


def commits(scale):
    """A history as `git fast-import` reads it: a few dozen files, some of which change in each commit."""
    chance = random.Random(11)
    files = {f"folder_{i % 6}/file_{i}.txt": [f"line {j} of file {i}" for j in range(200)] for i in range(40)}
    for number in range(max(3, int(900 * scale))):
        message = f"change {number}"
        yield (f"commit refs/heads/main\nmark :{number + 1}\ncommitter Bench <bench@localhost> {1600000000 + number * 60} +0000\n"
               f"data {len(message)}\n{message}\n")
        for name in chance.sample(sorted(files), 3) if number else sorted(files):
            for _ in range(5):
                files[name][chance.randrange(200)] = f"line of change {number}: {chance.random()}"
            content = "\n".join(files[name]) + "\n"
            yield f"M 100644 inline {name}\ndata {len(content)}\n{content}\n"


def repository(folder, scale):
    path = folder / "repository.git"
    subprocess.run(["git", "init", "--quiet", "--bare", path], check=True)
    subprocess.run(["git", "-C", path, "fast-import", "--quiet"], input="".join(commits(scale)), text=True, check=True)
    return path

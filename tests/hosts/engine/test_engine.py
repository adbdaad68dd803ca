"""The console survives whatever is typed, and the game ends as it went."""

import os
import pathlib
import re
import subprocess

import pytest

ENGINE = pathlib.Path(os.environ["HEAPSTER_BUILD"]) / "tests/hosts/engine/engine"
SCRIPTS = pathlib.Path(__file__).parent / "scripts"


def played(*lines, folder=SCRIPTS):
    text = b"".join(line if isinstance(line, bytes) else f"{line}\n".encode() for line in lines)
    return subprocess.run([ENGINE, folder], input=text, capture_output=True, timeout=120)


def answers(*lines):
    """What is printed for lines that belong together, in a game that then goes on as if nothing had been."""
    ran = played(*lines, "= 'still here'", "/level meadow", "/run 60", "/quit")
    assert (ran.returncode, ran.stderr) == (0, b""), ran
    text = ran.stdout.decode(errors="replace")
    assert "still here\n> /level meadow\n> /run 60\n60 frames, 52 entities" in text, text
    before = text.split("> = 'still here'")[0].splitlines()
    return [line for line in before if not line.startswith((">", ">>"))]


def test_ten_thousand_frames_without_a_word_ask_for_nothing():
    ran = played()
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert ran.stdout.startswith(b"> \n10000 frames, 52 entities, ")


def test_end_of_the_input_plays_what_is_left():
    ran = played("/run 9000", "= 1", b"= 2")
    assert ran.returncode == 0
    assert b"\n> = 2\n2\n> \n1000 frames, " in ran.stdout


def test_wasteful_frames_break_their_budget_and_the_game_fails_with_it():
    ran = played("/wasteful on")
    assert ran.returncode == 1
    # Lua 5.5 makes records of calls anew that its collector took.
    assert re.search(rb"alloc_count: (3,12\d,\d{3}) is \1 above the limit of 0 \(\+3,120,000 requests in ", ran.stdout)


def test_game_without_waste_meets_its_budget_again():
    assert answers("/wasteful on", "/run 10", "/wasteful off")[0].endswith(
        "alloc_count: 3,120 is 3,120 above the limit of 0 (+3,120 requests in [32 B .. 64 B))"
    )


def test_line_that_broke_the_budget_is_shown():
    shown = answers("/wasteful on", "/run 10", "/wasteful off")
    assert shown[1] == "10 further frames:"
    assert shown[3].split()[:2] == ["100%", "3,120"] and shown[3].endswith("  scripts/wasteful.lua:6")
    found = re.fullmatch(r"([\d,]+) of \1 explained", shown[-1])  # sheep and world may add a few lines of their own
    assert found and int(found[1].replace(",", "")) >= 3120


def test_budget_holds_after_all_that_the_console_left_behind():
    answers("for i = 1, 1e5 do local t = { i } end", "/run 1", "collectgarbage()", "/run 1", "x = ('y'):rep(1e6)", "x = nil")


def test_frame_that_needs_more_memory_once_is_found():
    update = 'require "world".follow(function() if not once then once = {} end end)'
    assert "alloc_count: 1 is 1 above the limit of 0" in answers(update, "/run 600", "/wasteful off")[0]


def test_level_that_leaves_a_texture_behind_ends_the_game_with_a_word():
    ran = played("/level castle", "/quit")
    assert ran.returncode == 1
    assert ran.stdout.endswith(b"left behind in textures: 512 KiB, live_count 1\n")


def test_unloading_a_level_gives_back_its_textures_sounds_and_bodies():
    names = ("textures", "audio", "entities")
    lines = [f'= heapster.stats("{name}").live_count' for name in names]
    assert answers("/unload", *lines) == ["0", "0", "0"]


@pytest.mark.parametrize(
    "typed, printed",
    [
        ("= 1 + 1", "2"),
        ("=1, nil, 'a'", "1\tnil\ta"),
        ("2 ^ 10", "1024.0"),
        ("= select('#')", "0"),
        ("print(5)", "5"),
        ("local x <const> = 5", None),
        ("", None),
        ("   ", None),
        ("=", None),
        ("-- a comment", None),
    ],
)
def test_a_line_of_lua_prints_its_values(typed, printed):
    assert answers(typed) == ([] if printed is None else [printed])


def test_input_that_is_not_finished_goes_on_in_the_next_line():
    assert answers("for i = 1, 2 do", "print(i)", "end") == ["1", "2"]
    assert answers("= {", "1, 2 }, [[", "]] == ''")[0].startswith("table: ")


def test_empty_line_gives_up_what_is_not_finished():
    assert answers("for i = 1, 2 do", "") == ["console:2: 'end' expected (to close 'for' at line 1) near <eof>"]


def test_end_of_the_input_gives_up_what_is_not_finished():
    ran = played("/run 10000", b"x = {")
    assert ran.returncode == 0
    assert b"near <eof>" in ran.stdout


def test_unknown_commands_are_named():
    assert answers("/fly now") == ["no command is called '/fly'; /help lists them"]
    assert answers("/") == ["no command is called '/'; /help lists them"]
    assert answers("/level") == ["which level? meadow, castle"]
    assert answers("/run fast") == ["'fast' is no number of frames"]
    assert answers("/run -1") == ["'-1' is no number of frames"]
    assert answers("/run 1e999") == ["'1e999' is no number of frames"]
    assert answers("/wasteful") == ["/wasteful on, or /wasteful off"]
    assert "levels.nowhere" in answers("/level nowhere")[0]


def test_help_names_every_command():
    names = answers("for name in pairs(package.loaded.commands) do print(name) end")
    assert {"run", "level", "wasteful"} <= set(names)
    described = {line.split()[0] for line in answers("/help")}
    assert {f"/{name}" for name in names} - {"/help"} <= described


def test_line_may_end_as_on_other_systems():
    assert answers(b"/run 60 \r\n", b"= 2\r\n") == ["60 frames, 52 entities, 2 eaten", "2"]
    assert played(b"/quit \r\n").returncode == 0
    assert played(b"/quit \r\n").stdout.startswith(b"> /quit")


def test_line_that_is_too_long_is_left_out():
    too_long = "a line, or several that belong together, may have 65534 bytes"
    assert answers("= '" + "x" * 65530 + "'") == ["x" * 65530]
    assert answers("= '" + "x" * 65531 + "'")[-1] == too_long
    assert answers("= '" + "x" * 10_000_000)[-1] == too_long
    assert answers(*["x = {"] + ["'%s'," % ("y" * 1000)] * 70)[-1:] != ["2"]


@pytest.mark.parametrize(
    "nonsense",
    [
        b"\0\n",
        b"/\0\n",
        b"= '\0' == '\\0'\n",
        b"\xff\xfe = \x80\n",
        b"\x1bLua\n",
        b"/run \xff\n",
        "x x",
        "= )",
        "=" * 100,
        "((" * 400,
        "= " + "{" * 300,
        "= " + "-" * 5000 + "1",
        "goto nowhere",
        "error()",
        "error(nil)",
        "error(setmetatable({}, { __tostring = function() error('again') end }))",
        "error(setmetatable({}, { __tostring = function() return 1 end }))",
        "= setmetatable({}, { __tostring = error })",
        "= setmetatable({}, { __name = 1 })",
        "coroutine.yield()",
        "= coroutine.wrap(function() coroutine.yield(play) end)()",
        "coroutine.wrap(function() play(1, coroutine.yield) end)()",
        "local function f() return f() + 1 end f()",
        "string.rep('x', 1 << 40)",
        "string.rep('x', 1 << 24)",
        "local t = {} while true do t[#t + 1] = {} end",
        "local s = 'x' while true do s = s .. s end",
        "= table.unpack({}, 1, 1e6)",
        "= table.unpack({}, 1, 1e8)",
        "= ('x'):rep(1e5):find(('.-'):rep(1e4) .. 'y')",
        "= string.format('%d', 1.5)",
        "setmetatable({}, { __gc = error }) collectgarbage()",
        "play()",
        "play(3)",
        "play(-5, error)",
        "play(3, error)",
        "play(3, function() play(2, error) end)",
        "bodies.free(0)",
        "bodies.free(1 << 62)",
        "bodies.place(-1)",
        "bodies.place('first')",
        "bodies.push(1)",
        "bodies.make(0, 0, 0)",
        "bodies.make(0, 0, 0 / 0)",
        "bodies.make(0 / 0, 1 / 0, 1 / 0)",
        "for i = 1, 2000 do bodies.make(i, i, 1) end",
        "for i = 1, 100 do pcall(bodies.free, i) end",
        "textures.load()",
        "textures.load('x', 0, 1)",
        "textures.load('x', 1e9, 1)",
        "textures.load('x', 1 << 62, 1 << 62)",
        "textures.release(0)",
        "textures.release(64)",
        "audio.load('x', -1)",
        "audio.release('x')",
        "visit('nowhere')",
        "level.load(nil)",
        "require 'nowhere'",
        "require('../' .. ('x'):rep(5000))",
        "require 'commands.lua'",
        "= package.searchers[2]('levels.meadow')",
        "heapster.unhook('lua')",
        "heapster.hook('python')",
        "heapster.limit()",
        "heapster.limit({ alloc_count = 0 }, error)",
        "heapster.limit({ alloc_count = 0 }, play, 10)",
        "heapster.stats('nothing')",
        "_ENV = nil",
        "_G = nil",
        "setmetatable(_G, { __index = error, __newindex = error })",
        "io.write('x')",
        "os.exit(3)",
        "debug.setmetatable(1, {})",
        "load('x')()",
    ],
)
def test_nonsense_is_survived(nonsense):
    answers(nonsense)


def test_game_whose_commands_were_taken_away_ends_with_an_error_and_no_crash():
    for blow in (
        "package.loaded.commands = nil",
        "package.loaded.commands = 5",
        "package.loaded.commands.run = error",
        "heapster.limit = nil",
        "require('world').update = nil",
        "require('sheep').move = nil",
        "string, table, math, print, bodies, textures, play = nil",
    ):
        ran = played(blow)
        assert ran.returncode == 1, (blow, ran)
        assert ran.stdout.count(b"\n") >= 2, (blow, ran)


def test_demo_shows_a_budget_that_breaks_and_a_level_that_does_not_leak():
    lines = (SCRIPTS.parents[1] / "demo/engine.txt").read_bytes()
    ran = played(lines)
    assert ran.returncode == 0
    assert ran.stdout.count(b"above the limit") == len(re.findall(rb"alloc_count: 187,2\d\d is", ran.stdout)) == 1
    assert b"\nheap       allocs" in ran.stdout


def test_folder_without_scripts_is_an_error(tmp_path):
    ran = played(folder=tmp_path)
    assert (ran.returncode, ran.stderr) == (1, b"engine: no script 'game'\n")
    (tmp_path / "game.lua").write_text("error({})")
    ran = played(folder=tmp_path)
    assert (ran.returncode, ran.stderr) == (1, b"engine: game.lua raised an error without words\n")
    (tmp_path / "game.lua").write_text("require 'a'")
    (tmp_path / "a.lua").write_text("x x")
    ran = played(folder=tmp_path)
    assert (ran.returncode, ran.stderr) == (1, b"engine: scripts/a.lua:1: syntax error near 'x'\n")


def test_usage_is_said():
    ran = subprocess.run([ENGINE], capture_output=True, timeout=60)
    assert (ran.returncode, ran.stderr) == (2, b"usage: engine FOLDER-OF-SCRIPTS <commands\n")

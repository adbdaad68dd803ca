"""Programs of Debian that embed Lua 5.4 load the module, measure with it, and end as ever.

Those that are not installed are skipped: apt-get install lighttpd lighttpd-modules-lua neomutt gringo gnuplot-nox
dnsmasq-base-lua dovecot-core dovecot-auth-lua mle darktable librime-plugin-lua (dnsmasq and dovecot want root).
"""

import contextlib
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

BUILD = pathlib.Path(os.environ["HEAPSTER_BUILD"])
OF_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="it has to be root")

# Hosts hide what a script prints, so it writes a file. Some call functions of theirs in it.
PROBE = """
local function law()
  return heapster.stats("lua").use_curr + heapster.status().lua_preexisting - collectgarbage("count") * 1024
end
local function work()
  package.cpath = "%(build)s/lua/?.so;" .. package.cpath
  heapster = require "heapster"
  local function create() local list = {} for i = 1, 100 do list[i] = {} end return list end
  local kept, diff = heapster.measure({ heap = "lua" }, create)
  local is_held = not pcall(heapster.limit, { alloc_count = 100, heap = "lua" }, create)
  local off = law()
  heapster.unhook("lua")
  kept = nil
  collectgarbage()
  heapster.hook("lua")
  local tables, words = diff.lua_kinds.tables.count, is_held and "held" or "not held"
  return ("%%d tables, %%s, off by %%d and %%d"):format(tables, words, off, law())
end
local _, text = pcall(work)
local file = io.open("%(answer)s", "w")
file:write(tostring(text))
file:close()
function init() end
function shutdown() end
function lease() end
"""
RIGHT = "101 tables, held, off by 0 and 0"


@pytest.fixture
def probe(tmp_path):
    script = tmp_path / "probe.lua"
    script.write_text(PROBE % {"build": BUILD, "answer": tmp_path / "answer"}, "utf-8")
    return script


def need(*programs):
    for program in programs:
        if not shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin:/sbin"):
            pytest.skip(f"{program} is not installed")


def run(folder, *words, **environment):
    variables = {**os.environ, "HOME": str(folder), "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin", **environment}
    return subprocess.run([str(word) for word in words], cwd=folder, env=variables, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, errors="replace", timeout=120, check=False)


def answer(folder, ran=None):
    assert (folder / "answer").is_file(), ran and ran.stdout + ran.stderr
    return (folder / "answer").read_text("utf-8")


@contextlib.contextmanager
def running(folder, *words):
    """A server, as long as the block."""
    variables = {**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin"}
    with subprocess.Popen([str(word) for word in words], cwd=folder, env=variables, stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT) as server:
        try:
            yield server
        finally:
            server.terminate()


def wait_for(ready):
    for _ in range(200):
        if ready():
            return
        time.sleep(0.05)
    raise AssertionError("it did not come")


def test_neomutt(probe, tmp_path):
    need("neomutt")
    (tmp_path / "rc").write_text(f"lua-source {probe}\n", "utf-8")
    ran = run(tmp_path, "neomutt", "-n", "-F", "rc", "-D")
    assert (answer(tmp_path, ran), ran.returncode) == (RIGHT, 0)


def test_clingo(probe, tmp_path):
    need("clingo")
    (tmp_path / "a.lp").write_text(f'#script(lua)\ndofile("{probe}")\n#end.\na.\n', "utf-8")
    ran = run(tmp_path, "clingo", "a.lp")
    assert (answer(tmp_path, ran), ran.returncode) == (RIGHT, 30)  # satisfiable, and all of it seen


def test_gnuplot(probe, tmp_path):
    need("gnuplot")
    shutil.copy(probe, tmp_path / "gnuplot-probe.lua")  # a terminal of that name
    ran = run(tmp_path, "gnuplot", "-e", "set terminal lua probe", GNUPLOT_LUA_DIR=str(tmp_path))
    assert answer(tmp_path, ran) == RIGHT


def test_mle(probe, tmp_path):
    need("mle")
    ran = run(tmp_path, "mle", "-N", "-H", "1", "-x", probe)
    assert (answer(tmp_path, ran), ran.returncode) == (RIGHT, 0)


def test_darktable(probe, tmp_path):
    need("darktable-cli")
    (tmp_path / "in.ppm").write_bytes(b"P6\n8 8\n255\n" + bytes(192))
    ran = run(tmp_path, "darktable-cli", "in.ppm", "out.jpg", "--core", "--configdir", tmp_path / "config", "--library",
              ":memory:", "--luacmd", f'dofile("{probe}")')
    assert (answer(tmp_path, ran), ran.returncode) == (RIGHT, 0)
    assert (tmp_path / "out.jpg").is_file()


def test_lighttpd(probe, tmp_path):
    need("lighttpd")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (tmp_path / "conf").write_text(
        f'server.modules = ("mod_magnet")\nserver.document-root = "{tmp_path}"\nserver.bind = "127.0.0.1"\n'
        f'server.port = {port}\nmagnet.attract-raw-url-to = ("{probe}")\n', "utf-8")

    def fetched():
        with contextlib.suppress(OSError):
            return urllib.request.urlopen(f"http://127.0.0.1:{port}/conf", timeout=5).read()

    with running(tmp_path, "lighttpd", "-D", "-f", "conf"):
        wait_for(fetched)
        assert fetched() == (tmp_path / "conf").read_bytes()
    assert answer(tmp_path) == RIGHT


@OF_ROOT
def test_dnsmasq(probe, tmp_path):
    need("dnsmasq")
    with running(tmp_path, "dnsmasq", "--no-daemon", "--port=0", "--conf-file=/dev/null", f"--dhcp-luascript={probe}",
                 "--interface=lo", "--bind-interfaces", "--dhcp-range=127.0.0.50,127.0.0.60", "--user=root",
                 f"--dhcp-leasefile={tmp_path}/leases", "--pid-file"):
        wait_for(lambda: (tmp_path / "answer").is_file() and answer(tmp_path))
    assert answer(tmp_path) == RIGHT


@OF_ROOT
def test_dovecot(probe, tmp_path):
    need("dovecot", "doveadm")
    (tmp_path / "pass.lua").write_text(
        f'function auth_passdb_lookup(request)\n  dofile("{probe}")\n'
        '  return dovecot.auth.PASSDB_RESULT_OK, { password = "secret" }\nend\n', "utf-8")
    (tmp_path / "conf").write_text(
        f"base_dir = {tmp_path}/run\nstate_dir = {tmp_path}/run\nlog_path = {tmp_path}/log\nprotocols =\nssl = no\n"
        f"passdb {{\n  driver = lua\n  args = file={tmp_path}/pass.lua blocking=no\n}}\n"
        "userdb {\n  driver = static\n  args = uid=nobody gid=nogroup home=/tmp\n}\n"
        "service auth {\n  user = root\n}\n", "utf-8")
    with running(tmp_path, "dovecot", "-F", "-c", "conf"):
        wait_for(lambda: run(tmp_path, "doveadm", "-c", "conf", "auth", "test", "me", "secret").returncode == 0)
    assert answer(tmp_path) == RIGHT


# Its plugin loads liblua with symbols that no C module can see, unless that is there already.
RIME = """
import ctypes, sys
names = ["shared", "user", "name", "code", "version", "app", "modules", "level", "log", "prebuilt", "staging"]
class Traits(ctypes.Structure):
    _fields_ = [("data_size", ctypes.c_int)] + [(name, ctypes.c_char_p) for name in names]
folder = sys.argv[1].encode()
traits = Traits(ctypes.sizeof(Traits) - 4, folder, folder, b"x", b"x", b"x", b"rime.x")
rime = ctypes.CDLL("librime.so.1")
rime.RimeSetup(ctypes.byref(traits))
rime.RimeInitialize(ctypes.byref(traits))
rime.RimeFinalize()
"""


def test_librime(probe, tmp_path):
    shutil.copy(probe, tmp_path / "rime.lua")
    ran = run(tmp_path, sys.executable, "-c", RIME, tmp_path, LD_PRELOAD="liblua5.4.so.0")
    if "librime" in ran.stderr and ran.returncode:
        pytest.skip("librime is not installed")
    if not (tmp_path / "answer").is_file():
        pytest.skip("librime's Lua plugin is not installed")
    assert (answer(tmp_path), ran.returncode) == (RIGHT, 0)

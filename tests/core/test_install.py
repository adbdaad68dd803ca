"""The installed package, as a project of somebody else finds it."""

import json
import os
import pathlib
import subprocess

import pytest
from run_support import BUILD

CONSUMER = pathlib.Path(__file__).resolve().parent.parent / "hosts/consumer"


def done(*words, **options):
    ended = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False, **options)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    folder = tmp_path_factory.mktemp("prefix")
    done("cmake", "--install", BUILD, "--prefix", folder)
    return folder


@pytest.fixture(scope="module")
def consumers(prefix, tmp_path_factory):
    folder = tmp_path_factory.mktemp("consumer")
    done("cmake", "-S", CONSUMER, "-B", folder, "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={prefix}")
    done("cmake", "--build", folder)
    return folder


@pytest.mark.parametrize(("way", "found"), [("heapster", "1 -1 none"), ("static", "1 -1 none"), ("malloc", "1 10 link")])
def test_a_project_links_the_installed_package(consumers, way, found):
    assert done(consumers / f"consumer_{way}").split() == found.split()


def test_the_installed_command_counts(prefix, consumers):
    target = consumers / "report.json"
    done(prefix / "bin/heapster", "run", "--format=json", f"--output={target}", "--", "ls", "/",
         env={"PATH": os.environ["PATH"]})
    assert json.loads(target.read_text())["heaps"]["malloc"]["alloc_count"] > 0
    assert (prefix / "share/man/man1/heapster.1").is_file()


def test_completions_lie_where_each_shell_looks(prefix):
    paths = ["bash-completion/completions/heapster", "zsh/site-functions/_heapster"]
    for path in [*paths, "fish/vendor_completions.d/heapster.fish"]:
        assert (prefix / "share" / path).is_file()

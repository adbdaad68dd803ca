"""The micro patterns over Rust's global allocator: the system's, and the crate `heapster` over the system's."""

import dataclasses
import pathlib
import re
import shutil
import subprocess

import interleaved

DEFAULT = "Rust crate, default features"
FULL = "Rust crate"  # all its features: what heapster counts, too
HERE = pathlib.Path(__file__).parent


@dataclasses.dataclass(frozen=True)
class Crate:
    """The three programs, or why there are none."""

    bare: pathlib.Path = None
    default: pathlib.Path = None  # counted by the crate with its default features
    full: pathlib.Path = None  # with all of them
    version: str = ""
    missing: str = ""

    def reason(self):
        return dict.fromkeys((DEFAULT, FULL), self.missing) if self.missing else {}


def target(folder, features):
    return folder / "-".join(["target", *features])


def cargo(what, folder, *options):
    command = ["cargo", what, "--quiet", "--manifest-path", folder / "Cargo.toml", *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def cargo_build(folder, *features):
    """Why it failed; nothing where it did not."""
    done = cargo("build", folder, "--release", "--target-dir", target(folder, features), "--features", ",".join(features))
    if done.returncode == 0:
        return ""
    errors = [line for line in done.stderr.splitlines() if line.startswith("error")]
    return errors[0] if errors else f"cargo ended with status {done.returncode}"


def link(folder, name, *features):
    """The same C files as the bare program, over Rust's three calls."""
    library = target(folder, features) / "release/librequests.a"
    program = folder / name
    subprocess.run(["gcc", "-std=c11", "-D_GNU_SOURCE", "-DBENCH_RUST", "-O2", HERE / "micro.c", HERE / "micro_patterns.c",
                    library, "-o", program, "-pthread", "-ldl", "-lm"], check=True)
    return program


def build_crate(options):
    """The newest crate; built in the build tree, whose lock file names the version found."""
    if options.quick:
        return Crate(missing="not built in a quick run")
    if not shutil.which("cargo"):
        return Crate(missing="cargo is not on PATH")
    folder = options.build / "tests/bench/rust"
    shutil.copytree(HERE / "rust", folder, dirs_exist_ok=True)
    cargo("update", folder)  # without a network an older one that is already there will do
    failure = cargo_build(folder) or cargo_build(folder, "counted") or cargo_build(folder, "full")
    if failure:
        return Crate(missing=failure)
    locked = re.search(r'name = "heapster"\nversion = "(.+?)"', (folder / "Cargo.lock").read_text(encoding="utf-8"))
    version = f"crate heapster {locked[1]}, {interleaved.first_line('rustc', '--version')}"
    programs = link(folder, "micro_rust"), link(folder, "micro_crate", "counted"), link(folder, "micro_crate_full", "full")
    return Crate(*programs, version)



"""malloc counted at run time: every case of core/src/hooks/attach/attach.h, in programs that were linked in every way."""

import os

import pytest
from run_support import BUILD, PROCESSOR, execute, library

FOLDER = BUILD / "tests" / "attach"
HOOK = BUILD / "lib" / "libheapster_malloc.so"
BUILDS = ("lazy", "now", "norelro", "fixed", "hosted")
OTHERS = ("jemalloc", "mimalloc", "tcmalloc_minimal")
CASES = execute([FOLDER / "lazy"]).stdout.split()
BYPASSING = execute([FOLDER / "lazy", "--bypass"]).stdout.split()  # with the hook preloaded
NOT_ALLOWED = 77
attaches = pytest.mark.skipif(PROCESSOR == "riscv64", reason="riscv64 is refused")

# Cases for an allocator in front of libc's malloc, to which a library may be bound too; and cases for libc's alone.
STACKED = [case for case in CASES if "over_a_stacked_allocator" in case]
ALONE = [
    "a_plugin_that_brings_libstdcxx_counts_what_was_asked_for",
    "blocks_freed_while_the_hook_was_off_leave_the_figures_when_their_memory_is_used_again",
    "pvalloc_is_counted",
    "an_object_that_was_loaded_later_is_found_when_a_window_begins",
    "an_object_that_was_loaded_later_is_found_when_figures_are_read",
    "an_object_that_was_loaded_later_is_found_when_a_frame_is_marked",
    "an_object_is_done_when_a_later_rescan_finds_our_functions_in_it",
    "a_library_opened_with_deepbind_is_counted",
    "a_page_that_is_refused_is_left_alone_and_that_is_reported",
]


def preloaded(allocator):
    return {**os.environ, "LD_PRELOAD": library(allocator)}


def require_case(build, case, environment):
    ended = execute([FOLDER / build, case, FOLDER], env=environment)
    if ended.returncode == NOT_ALLOWED:
        pytest.skip("the system does not allow it")
    assert (ended.returncode, ended.stderr) == (0, "")


@attaches
@pytest.mark.parametrize("case", [case for case in CASES if case not in STACKED])
@pytest.mark.parametrize("build", BUILDS)
def test_over_glibc(build, case):
    require_case(build, case, os.environ)


@attaches
@pytest.mark.parametrize("case", [case for case in CASES if case not in ALONE])
@pytest.mark.parametrize("allocator", OTHERS)
def test_over_another_allocator(allocator, case):
    require_case("lazy", case, preloaded(allocator))


@attaches
@pytest.mark.parametrize("case", [case for case in BYPASSING if "over_another_allocator" not in case])
@pytest.mark.parametrize("build", ("lazy", "now", "fixed"))
def test_past_a_preloaded_hook(build, case):
    require_case(build, case, {**os.environ, "LD_PRELOAD": str(HOOK)})


def test_past_a_preloaded_hook_over_another_allocator():
    behind = preloaded("jemalloc")["LD_PRELOAD"]
    case = "a_bypassing_library_over_another_allocator_is_left_alone_and_reported"
    require_case("lazy", case, {**os.environ, "LD_PRELOAD": f"{HOOK} {behind}"})


@attaches
@pytest.mark.parametrize("allocator", ("plain", "calls_memalign"))
def test_hooked_again_over_an_allocator_whose_malloc_may_come_back(allocator):
    behind = {**os.environ, "LD_PRELOAD": str(BUILD / "tests" / "preloaded" / f"{allocator}.so")}
    case = "a_block_that_lives_while_the_hook_is_off_is_freed_through_the_next"
    ended = execute([FOLDER / "lazy", case, FOLDER], env=behind)
    assert ended.returncode == 0, ended


def test_a_case_that_does_not_exist_fails():
    assert set(ALONE) < set(CASES) and len(STACKED) == 3
    assert execute([FOLDER / "lazy", "no_such_case"]).returncode == 1


@attaches
def test_new_and_delete_are_counted_over_glibc():
    ended = execute([FOLDER / "operators"])
    assert (ended.returncode, ended.stderr) == (0, "")


def require_new_forms(*words, env=None):
    ended = execute([FOLDER / "new_forms", *words], env=env)
    if ended.returncode == NOT_ALLOWED:
        pytest.skip("the system does not limit the address space; all else is right")
    assert (ended.returncode, ended.stderr) == (0, "")


@attaches
def test_each_form_of_new_is_counted_by_what_was_asked_for_and_refused_once():
    require_new_forms()


@pytest.mark.parametrize("allocator", OTHERS)
def test_each_form_of_new_is_refused_once_over_an_allocator_with_operators(allocator):
    require_new_forms("own operators", env=preloaded(allocator))


@pytest.mark.parametrize("allocator", (None, *OTHERS))
def test_each_form_of_new_is_refused_once_under_a_preloaded_hook(allocator):
    behind = preloaded(allocator)["LD_PRELOAD"] if allocator else ""
    own = ["own operators"] if allocator else []
    require_new_forms(*own, env={**os.environ, "LD_PRELOAD": f"{HOOK} {behind}"})


@pytest.mark.parametrize("allocator", OTHERS)
def test_operators_of_the_allocator_are_replaced_and_small_ones_reported(allocator):
    ended = execute([FOLDER / "operators", "reported"], env=preloaded(allocator))
    assert (ended.returncode, ended.stderr) == (0, "")


@attaches
def test_a_program_with_its_own_malloc_is_refused_and_nothing_is_changed():
    ended = execute([FOLDER / "own_malloc"])
    assert ended.returncode == 0, ended
    assert "none: the program carries its own malloc" in ended.stdout


if PROCESSOR == "riscv64":

    @pytest.mark.parametrize("program", ("own_malloc", "static", "unordered"))
    def test_a_processor_that_attaching_was_not_made_for_is_refused(program):
        ended = execute([FOLDER / program])
        assert ended.returncode == 0, ended
        assert "none: attaching to a running process was only made for x86-64, aarch64 and s390x" in ended.stdout


@attaches
def test_a_static_program_is_refused():
    ended = execute([FOLDER / "static"])
    assert ended.returncode == 0, ended
    assert "none: no loaded library defines malloc" in ended.stdout


@attaches
def test_threads_are_refused_where_the_processor_reorders_and_the_system_has_no_remedy():
    ended = execute([FOLDER / "unordered"])
    if PROCESSOR == "x86_64":  # which keeps writes in order
        assert ended.stdout == "0 attach: no problem\n", ended
    else:
        assert "none: other threads run, and the system does not order what they see" in ended.stdout, ended


@pytest.mark.skipif(PROCESSOR != "x86_64", reason="only x86-64 can be asked whether it tracks branches")
def test_a_system_that_tracks_indirect_branches_is_refused():
    ended = execute([FOLDER / "tracked"])
    assert ended.returncode == 0, ended
    assert "none: the system tracks indirect branches" in ended.stdout

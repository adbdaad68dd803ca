"""Tracers beside a measurement: coverage, debuggers, profilers. They make objects of their own for every line.

A tracer that Python code can take away and put back is paused while a test is measured: its warm-up runs were traced.
Where none came before, or where a tracer cannot be put back, the measurement is traced, and is not compared.
"""

import sys
import threading
from typing import Any, Optional, Tuple

# What was paused: the trace and profile functions of this thread, and those that new threads begin with.
Tracers = Tuple[Any, Any, Any, Any]

TRACED = "a tracer ran inside it: {}"


def _is_memray() -> bool:
    """Whether a memray.Tracker is at work. Its profiler is C's, which sys.getprofile does not show, but new threads get
    one, too."""
    hook = getattr(threading, "_profile_hook", None)
    return str(getattr(hook, "__module__", "")).partition(".")[0] == "memray"


def _monitoring_tool() -> Optional[str]:
    """The debugger or profiler of sys.monitoring (CPython 3.12 and newer), such as cProfile, or None. Coverage there
    looks at each line once only, so a run after the first is not traced."""
    monitoring: Any = getattr(sys, "monitoring", None)
    if monitoring is None:
        return None
    name: Optional[str] = monitoring.get_tool(monitoring.DEBUGGER_ID) or monitoring.get_tool(monitoring.PROFILER_ID)
    return name


def find_tracer() -> Optional[str]:
    """The name of what traces or profiles this thread, or None."""
    found = sys.gettrace() or sys.getprofile()
    if found is None:
        return "memray" if _is_memray() else _monitoring_tool()
    return getattr(found, "__qualname__", None) or type(found).__qualname__


def can_pause() -> bool:
    """Whether the tracers can be put back: that of cProfile is no function or a tool, and that of memray is hidden."""
    if _is_memray() or _monitoring_tool() is not None:
        return False
    return all(each is None or callable(each) for each in (sys.gettrace(), sys.getprofile()))


def pause() -> Tracers:
    """Take the tracers away; resume() puts them back."""
    hooks = (getattr(threading, "_trace_hook", None), getattr(threading, "_profile_hook", None))
    tracers = (sys.gettrace(), sys.getprofile(), *hooks)
    if hooks[0] is not None:
        settrace: Any = threading.settrace  # None is not in the types of every typeshed
        settrace(None)
    if hooks[1] is not None:
        threading.setprofile(None)
    if tracers[0] is not None:
        sys.settrace(None)
    if tracers[1] is not None:
        sys.setprofile(None)
    return tracers


def resume(tracers: Tracers) -> None:
    trace, profile, thread_trace, thread_profile = tracers
    if thread_trace is not None:
        threading.settrace(thread_trace)
    if thread_profile is not None:
        threading.setprofile(thread_profile)
    if profile is not None:
        sys.setprofile(profile)
    if trace is not None:
        sys.settrace(trace)

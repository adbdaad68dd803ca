"""What differs between CPython's builds."""

import sysconfig

HAS_NO_GIL = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))

# PYTHONMALLOC's names. Without a GIL objects are only mimalloc's.
ALLOCATORS = ["mimalloc"] if HAS_NO_GIL else ["malloc", "pymalloc"]
DEBUG_ALLOCATORS = ["debug", *(f"{name}_debug" for name in ALLOCATORS)]

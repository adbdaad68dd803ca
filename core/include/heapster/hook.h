/* Hooks: what of the process is counted. */
#ifndef HEAPSTER_HOOK_H
#define HEAPSTER_HOOK_H

#include <heapster/base.h>
#include <heapster/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Counts from now on: the malloc family of the process ("malloc"), or the objects of an interpreter whose module is
   loaded ("python", "lua"); call it where that interpreter may be called. HEAPSTER_OK also if it is counted already.
   HEAPSTER_UNSUPPORTED if it cannot be, and the status says why; HEAPSTER_UNKNOWN_HOOK.

   Hooking malloc patches the import tables (GOT) of all loaded libraries, on x86-64, aarch64 and s390x Linux with
   glibc. A library that is loaded later is patched when figures are read, when a window begins and when a frame is
   marked; until then its calls pass uncounted. Blocks from before the hook are counted as unseen_alloc_count when they
   are freed or resized. Not from a signal handler; from any thread. */
HEAPSTER_API enum heapster_error heapster_hook(const char *name) HEAPSTER_NOEXCEPT;

/* Ends the counting that heapster_hook began; HEAPSTER_OK also if there is none. HEAPSTER_UNSUPPORTED, and nothing is
   changed, for a hook that was preloaded or linked, or that another hook stands above; also if not all of malloc's
   import tables could be restored. The heap keeps its figures. Blocks that are freed while the hook is off stay counted
   as live until their addresses are handed out under the hook again (unseen_free_count). */
HEAPSTER_API enum heapster_error heapster_unhook(const char *name) HEAPSTER_NOEXCEPT;

#ifdef __cplusplus
}
#endif

#endif

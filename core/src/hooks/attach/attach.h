/* malloc counted in a running process: the import slots (GOT entries) through which the loaded objects call it are
   pointed at the counted functions, and back.

   The cases; tests/core/attach/case_*.c and tests/core/test_attach.py try each:

     a slot that holds the real function is replaced
     a slot that is not resolved yet is replaced if its function is predictable: only one object defines the name, or
       the slot's object was loaded when the program started
     a slot that is not predictable is left to a rescan after its first call, and that is reported
     a slot that is bound elsewhere is left alone, and that is reported
     an operator new or delete is replaced if the allocator has its own
     a read-only page is read-only again afterwards
     a page that is refused is left alone, and that is reported
     threads of a processor that reorders pass a barrier before a slot is replaced
     a page that the loader may be relocating is left to a later rescan
     a page that was left writable is written to
     an object that was loaded later is found when figures are read, when a window begins and when a frame is marked
     a slot that another tool wrote to is ours again when figures are read, unless it leads to that tool
     an object is done when a later rescan finds our functions in it
     a library that stays unfinished makes few marks walk
     a program with its own malloc is refused, and nothing is changed
     unhook restores our slots, and counted functions whose address was kept go on
     a slot that could not be restored is reported, and restored by the next unhook
     hook and unhook from many threads at once leave what the last one requested
     in the child of a fork of a program with threads nothing is rescanned any more: glibc leaves the loader's lock as
       another thread may have held it

   Where a hook was preloaded or linked, what is left are objects that were opened with RTLD_DEEPBIND, or bring a malloc
   of their own. Each rescan looks for them:

     a library opened with RTLD_DEEPBIND is counted from the next rescan on, and what it missed is reported
     a library that is bound to another allocator than the hook calls is left alone, and that is reported

   Hook, unhook and every rescan walk the loaded objects, and compare values: see walk.h. */
#ifndef HEAPSTER__ATTACH_ATTACH_H
#define HEAPSTER__ATTACH_ATTACH_H

#include <heapster/base.h>

/* Counts from now on. HEAPSTER_OK if it does already; HEAPSTER_UNSUPPORTED, and the problem says why. No other hook may
   count malloc. */
enum heapster_error heapster__attach(void);

/* Restores our slots. HEAPSTER_UNSUPPORTED if some cannot be restored. */
enum heapster_error heapster__detach(void);

/* Whether import slots lead to the counted functions now: after heapster__attach, or heapster__bypass_watch. */
bool heapster__is_attached(void);

/* Why malloc is not counted, or not all of it; NULL if all is. One sentence in static storage, overwritten by the next
   call. */
const char *heapster__attach_problem(void);

/* Looks for objects that pass by a hook which the program was started with, from now on. Call it in a constructor. */
HEAPSTER_API void heapster__bypass_watch(void);

/* Which objects pass it by, or did before they were found; NULL if none. As heapster__attach_problem. */
const char *heapster__bypass_problem(void);

/* The same at the end of the process: no slot is replaced, and no system call is made. */
const char *heapster__bypass_seen(void);

#endif

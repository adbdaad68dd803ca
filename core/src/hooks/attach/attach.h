/* malloc counted in a running process: the slots through which the loaded objects call it are pointed at the counted
   functions, and back.

   The cases; each has a test of that name in tests/core/attach/case_*.c or tests/core/test_attach.py:

     a slot that holds the real function is exchanged
     a slot that is not resolved yet is exchanged where it is known what it will lead to: only one object defines the
       name, or the object of the slot was there when the program started
     a slot of which it is not known what it will lead to is left to a look after its first call, and that is told
     a slot that leads to another function is left alone, and that is told
     an operator new or delete is exchanged where the allocator has its own
     a read-only page is read-only again afterwards
     a page that is refused is left alone, and that is told
     a page that the loader is at work on is left to a later look
     an object that was loaded later is found when figures are read, when a window begins and when a frame is marked
     an object is done when a later look finds our functions in it
     a library that stays unfinished makes few marks walk
     a program with its own malloc is refused, and nothing is changed
     unhook puts back what is still ours, and counted functions whose address was kept go on
     what could not be put back is told, and put back by the next unhook
     hook and unhook from many threads at once leave what the last one asked for
     in the child of a fork of a program with threads nothing is looked for any more: glibc leaves the loader's lock as
       another thread may have held it

   No slot is remembered: hook, unhook and every look walk what is loaded now, and compare values. The loader's own lock
   makes the walks one after the other (glibc's dl_iterate_phdr holds it). */
#ifndef HEAPSTER__ATTACH_ATTACH_H
#define HEAPSTER__ATTACH_ATTACH_H

#include <heapster/base.h>

/* Counts from now on. HEAPSTER_OK also where it does already; HEAPSTER_UNSUPPORTED, and the problem says why.
   heapster__malloc_hook() is NULL or was attached before. */
enum heapster_error heapster__attach(void);

/* Points back what is still ours. HEAPSTER_UNSUPPORTED where that cannot be done for all of it. */
enum heapster_error heapster__detach(void);

/* Whether malloc is counted by heapster__attach now. */
bool heapster__is_attached(void);

/* Why not, or why not all of it; NULL if all is. One sentence in static storage, overwritten by the next call. */
const char *heapster__attach_problem(void);

#endif

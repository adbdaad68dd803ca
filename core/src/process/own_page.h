/* This process's report page: found by the environment, mapped at the start, written to by plain stores. */
#ifndef HEAPSTER__PROCESS_OWN_PAGE_H
#define HEAPSTER__PROCESS_OWN_PAGE_H

#include "process/page.h"

/* Call it in a constructor, and in the child of a fork that has a page of its own (`is_shared`: the file has pages for
   many processes). `where` stays valid. From here on the process reports, whether there is a page or not. */
void heapster__own_page_open(const char *where, bool is_shared);

/* Whether the caller runs in the process that called it: not in the child of a vfork, nor in that of a bare fork or
   clone. Makes a system call only if the process may have a child that shares its memory. */
bool heapster__is_reporting(void);

/* Whether nobody but the process itself will write the report: the command has ended. */
bool heapster__own_page_is_left(void);

/* Stores the figures. */
void heapster__own_page_store_snapshot(void);

/* The same, as the last ones: allocates, opens and maps nothing, and makes no system call. `exit_status` is -1 if it is
   not known. */
void heapster__own_page_store_last(int exit_status);

/* The process did not end after all: those were not the last. */
void heapster__own_page_take_last_back(void);

/* Notes an exec that is about to be made: whether LD_PRELOAD has the library, and why that cannot be read (an errno, or
   0); and that it failed. */
void heapster__own_page_note_exec(const char *path, bool is_searched, bool is_preload_passed, int library_error);
void heapster__own_page_note_failed_exec(void);

#endif

/* What a program's file shows of how it will run, compared with the one that looks: the command, or a process that is
   about to exec it. Allocates nothing; the child of a vfork may call it. */
#ifndef HEAPSTER__PROCESS_PROGRAM_FILE_H
#define HEAPSTER__PROCESS_PROGRAM_FILE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

enum heapster__program_kind {
  HEAPSTER__PROGRAM_UNKNOWN,       /* not found, or not readable */
  HEAPSTER__PROGRAM_COUNTED,       /* nothing is seen against it */
  HEAPSTER__PROGRAM_STATIC,        /* it names no loader, so nothing can be preloaded */
  HEAPSTER__PROGRAM_PRIVILEGED,    /* set-uid or set-gid, or with capabilities: the loader ignores LD_PRELOAD */
  HEAPSTER__PROGRAM_OTHER_MACHINE, /* a loader of another kind of processor */
  HEAPSTER__PROGRAM_OTHER_LIBC     /* the loader of another C library than the command's */
};

struct heapster__program {
  enum heapster__program_kind kind;
  char path[PATH_MAX];     /* the file that is loaded in the end: of a script, its interpreter */
  char loader[PATH_MAX];   /* what the file names as its loader; "" for none */
  char unusable[PATH_MAX]; /* an interpreter of a script, or a loader, that cannot be executed; else "" */
  int unusable_error;      /* why not */
  bool is_unusable_loader; /* that is a loader */
  const char *privilege;   /* of HEAPSTER__PROGRAM_PRIVILEGED, as words to follow "it is" */
};

/* A name without a slash is searched in PATH as execvp does, or not, as execve does. */
void heapster__program_inspect(struct heapster__program *program, const char *name, bool is_searched);

/* Whether the library must not be preloaded, because the loader could not load it and would say so, or end the program.
 */
bool heapster__program_is_foreign(const struct heapster__program *program);

/* Why nothing is counted in the program, as words to follow its name. False: its file shows no reason. */
bool heapster__program_obstacle(const struct heapster__program *program, char *text, size_t capacity);

#endif

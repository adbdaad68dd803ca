/* The program: its start, the wait for its end, and an end of this process in the same way. */
#ifndef HEAPSTER__CHILD_H
#define HEAPSTER__CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Which step of the start failed, if one did. */
enum heapster__step { HEAPSTER__STARTED, HEAPSTER__FORK, HEAPSTER__PREPARE, HEAPSTER__EXEC };

struct heapster__child {
  pid_t pid;
  enum heapster__step failed;
  int error;          /* the errno of that step */
  int status;         /* of wait(2), if the program was started */
  char last_name[32]; /* of the program that ran in it last, seen after its end: cut at 15 characters; "": not known */
};

struct heapster__child_calls {
  /* In the new process, before exec; returns 0 or an errno. */
  int (*prepare)(void *context, pid_t pid);
  /* While the program runs, each time after `pause` nanoseconds; never if that is 0. */
  void (*tick)(void *context);
  uint64_t pause;
  void *context;
};

/* Starts `program`, which is searched as execvp does, and waits for its end. */
void heapster__child_run(struct heapster__child *child, char *const *program,
                         const struct heapster__child_calls *calls);

/* Ends this process as the program ended: with its status, or by its signal. */
_Noreturn void heapster__child_end_like(int status);

#endif

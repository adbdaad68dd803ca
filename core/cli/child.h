/* The program: its start, the wait for its end, and an end of this process in the same way. */
#ifndef HEAPSTER__CHILD_H
#define HEAPSTER__CHILD_H

#include <stdbool.h>
#include <sys/types.h>

/* Which step of the start failed, if one did. */
enum heapster__step { HEAPSTER__STARTED, HEAPSTER__FORK, HEAPSTER__PREPARE, HEAPSTER__EXEC };

struct heapster__child {
  pid_t pid;
  enum heapster__step failed;
  int error;  /* the errno of that step */
  int status; /* of wait(2), if the program was started */
};

/* Starts `program`, which is searched as execvp does, and waits for its end. `prepare` is called in the new process
   before exec and returns 0 or an errno. */
void heapster__child_run(struct heapster__child *child, char *const *program,
                         int (*prepare)(const void *context, pid_t pid), const void *context);

/* Ends this process as the program ended: with its status, or by its signal. */
_Noreturn void heapster__child_end_like(int status);

#endif

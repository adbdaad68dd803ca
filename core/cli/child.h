/* The program: started, waited for, and followed in how it ended. */
#ifndef HEAPSTER__CHILD_H
#define HEAPSTER__CHILD_H

#include <stdbool.h>
#include <sys/types.h>

/* The step of the start that failed. */
enum heapster__step { HEAPSTER__STARTED, HEAPSTER__FORK, HEAPSTER__PREPARE, HEAPSTER__EXEC };

struct heapster__child {
  pid_t pid;
  enum heapster__step failed;
  int error;  /* the errno of that step */
  int status; /* as wait(2) gives it, if the program was started */
};

/* Starts `program` (looked up as execvp does) and waits for its end. `prepare` is called in the new process
   before it becomes the program, and answers 0 or an errno. */
void heapster__child_run(struct heapster__child *child, char *const *program,
                         int (*prepare)(const void *context, pid_t pid), const void *context);

/* Ends this process as that one ended: with its status, or by its signal. */
_Noreturn void heapster__child_follow(int status);

#endif

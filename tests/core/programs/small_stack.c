/* A thread with the smallest stack that there is runs a program by posix_spawn, one by vfork and exec, and then becomes
   one by exec. The program is the argument; ends with its status. */
#include <limits.h>
#include <pthread.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static char *program[2];

static int status_of(pid_t child) {
  int status = 0;
  waitpid(child, &status, 0);
  return WEXITSTATUS(status);
}

static void *run(void *unused) {
  pid_t child;
  if (posix_spawn(&child, program[0], NULL, NULL, program, environ)) _exit(100);
  const int status = status_of(child);
  const pid_t other = vfork(); /* NOLINT: what is tested */
  if (other == 0) {
    execve(program[0], program, environ);
    _exit(101);
  }
  if (status_of(other) != status) _exit(102);
  execve(program[0], program, environ);
  return unused;
}

int main(int count, char **words) {
  pthread_t thread;
  pthread_attr_t attributes;
  if (count < 2) return 1;
  program[0] = words[1];
  pthread_attr_init(&attributes);
  if (pthread_attr_setstacksize(&attributes, (size_t)sysconf(_SC_THREAD_STACK_MIN))) return 2;
  if (pthread_create(&thread, &attributes, run, NULL)) return 3;
  pthread_join(thread, NULL);
  return 4;
}

/* Runs a program, and writes what it took into a file: seconds on the wall, seconds of processor time, and the peak of
   its resident memory in KiB.

     timed FILE PROGRAM ARGUMENTS...

   A child's peak counts from its fork, when it is still its parent; so the parent is this small program, and not
   Python. What is set in TIMED_PRELOAD is preloaded into the program, and not into this one. Ends as the program ends.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void become(char **words) {
  const char *preload = getenv("TIMED_PRELOAD");
  if (preload && setenv("LD_PRELOAD", preload, 1)) _exit(127);
  (void)unsetenv("TIMED_PRELOAD");
  execvp(words[0], words);
  perror(words[0]);
  _exit(127);
}

static double processor_seconds(const struct rusage *used) {
  return (double)(used->ru_utime.tv_sec + used->ru_stime.tv_sec) +
         (double)(used->ru_utime.tv_usec + used->ru_stime.tv_usec) / 1e6;
}

/* False: the file cannot be written. */
static bool note(const char *path, double seconds, const struct rusage *used) {
  FILE *file = fopen(path, "w");
  if (!file) return false;
  const bool is_written = fprintf(file, "%.6f %.6f %ld\n", seconds, processor_seconds(used), used->ru_maxrss) > 0;
  return fclose(file) == 0 && is_written;
}

int main(int count, char **arguments) {
  if (count < 3) {
    (void)fprintf(stderr, "usage: %s FILE PROGRAM ARGUMENTS...\n", arguments[0]);
    return 2;
  }
  const double start = now();
  const pid_t child = fork();
  if (child == 0) become(arguments + 2);
  int status;
  struct rusage used;
  if (child < 0 || wait4(child, &status, 0, &used) != child) {
    perror(arguments[0]);
    return 126;
  }
  if (!note(arguments[1], now() - start, &used)) {
    perror(arguments[1]);
    return 126;
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

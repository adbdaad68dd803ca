/* The protocol between `heapster run` and the library that it preloads: the variables in the program's environment and
   their values. */
#ifndef HEAPSTER__PROCESS_REPORT_PROTOCOL_H
#define HEAPSTER__PROCESS_REPORT_PROTOCOL_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* The library that the command preloads; in front of the version in its SONAME. */
#define HEAPSTER__PRELOAD_LIBRARY "libheapster_malloc.so"

/* The file with the report pages: its key in hexadecimal digits, a colon, its path in /proc; without %p another colon
   and the path of a file that takes its place where a program cannot open that. Absent: nobody reports. */
#define HEAPSTER__PAGE "HEAPSTER_PAGE"
/* With %p only: where a process writes its report itself, if the command has ended before it. An absolute path. */
#define HEAPSTER__REPORT "HEAPSTER_REPORT"
/* The process id of the program itself; exec keeps it. Without %p only this process reports. */
#define HEAPSTER__REPORT_PID "HEAPSTER_REPORT_PID"
/* "text", "verbose" (the same with more figures), "json" or "prometheus". */
#define HEAPSTER__REPORT_FORMAT "HEAPSTER_REPORT_FORMAT"
/* Seconds between two snapshots of the running program. Absent: only the figures at exit. */
#define HEAPSTER__REPORT_EVERY "HEAPSTER_REPORT_EVERY"

/* How many sites the report has, 1 to 100; perhaps ",depth=" and 1 to 16. Absent: nothing is explained. */
#define HEAPSTER__EXPLAIN "HEAPSTER_EXPLAIN"

/* Above how many bytes a request is said, in every process. Absent: none is. */
#define HEAPSTER__WARN_ABOVE "HEAPSTER_WARN_ABOVE"

/* Whether every process has a file of its own: the pattern has %p. */
bool heapster__report_is_per_process(const char *pattern);

/* Replaces each %p of `pattern` by the process id. False, and `path` empty, if the result is too long. */
bool heapster__report_path(char path[PATH_MAX], const char *pattern, pid_t pid);

/* The name of the file that a process writes and then renames to `path`. False if it is too long. */
bool heapster__report_beside(char beside[PATH_MAX], const char *path, pid_t pid);

/* The sites of the report in `text`, as HEAPSTER_EXPLAIN has them. False for anything else. */
struct heapster__explain_choice {
  unsigned sites; /* 1 to 100 */
  unsigned depth; /* each caller and the frames above it: 1, if `text` has none, to 16 */
};
bool heapster__report_explain(const char *text, struct heapster__explain_choice *choice);

/* The size in `text`, as heapster_size_parse reads it, for heapster_watch_large. False: it is none that can be watched.
 */
bool heapster__report_large(const char *text, uint64_t *size);

/* The number of seconds in `text`, 0.001 to 31,536,000 (a year); 0 for anything else. */
double heapster__report_seconds(const char *text);

#endif

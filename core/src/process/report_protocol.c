/* The protocol between `heapster run` and the library that it preloads. Nothing here allocates: the library calls it in
   the child of a fork. */
#include "process/report_protocol.h"

#include <heapster/large.h>
#include <heapster/size.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool heapster__report_is_per_process(const char *pattern) { return strstr(pattern, "%p"); }

bool heapster__report_path(char path[PATH_MAX], const char *pattern, pid_t pid) {
  size_t used = 0;
  while (*pattern && used < PATH_MAX) {
    const bool is_pid = !strncmp(pattern, "%p", 2);
    const size_t left = PATH_MAX - used;
    const int length =
        is_pid ? snprintf(path + used, left, "%ld", (long)pid) : snprintf(path + used, left, "%c", *pattern);
    used += (size_t)length;
    pattern += is_pid ? 2 : 1;
  }
  path[used < PATH_MAX ? used : 0] = '\0';
  return used < PATH_MAX;
}

bool heapster__report_beside(char beside[PATH_MAX], const char *path, pid_t pid) {
  return snprintf(beside, PATH_MAX, "%s.%ld.tmp", path, (long)pid) < PATH_MAX;
}

/* More than a thousand snapshots a second would be the program's main work. */
double heapster__report_seconds(const char *text) {
  char *end;
  const double seconds = strtod(text, &end);
  const bool is_number = end != text && !*end;
  return is_number && seconds >= 0.001 && seconds <= 31536000 ? seconds : 0;
}

bool heapster__report_large(const char *text, uint64_t *size) {
  return !heapster_size_parse(text, size) && (!*size || *size >= HEAPSTER_LARGE_LEAST);
}

unsigned heapster__report_sites(const char *text) {
  char *end;
  const unsigned long count = strtoul(text, &end, 10);
  const bool is_number = *text >= '0' && *text <= '9' && !*end;
  return is_number && count <= 100 ? (unsigned)count : 0;
}

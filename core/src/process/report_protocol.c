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

/* Digits alone, and what follows them. 0: there is no number from 1 to `most`. */
static unsigned read_number(const char *text, unsigned most, const char **end) {
  const size_t digits = strspn(text, "0123456789");
  const unsigned long number = digits ? strtoul(text, NULL, 10) : 0;
  *end = text + digits;
  return number <= most ? (unsigned)number : 0;
}

bool heapster__report_explain(const char *text, struct heapster__explain_choice *choice) {
  static const char depth[] = ",depth=";
  const char *end;
  choice->sites = read_number(text, 100, &end);
  choice->depth = 1;
  if (!strncmp(end, depth, sizeof depth - 1)) choice->depth = read_number(end + sizeof depth - 1, 16, &end);
  return choice->sites && choice->depth && !*end;
}

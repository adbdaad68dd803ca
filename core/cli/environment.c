/* What the program finds in its environment. */
#include "environment.h"

#include "process/report_protocol.h"

#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LIBRARY "libheapster_malloc.so"

/* The folder above the one that this command is in. */
static bool find_prefix(char prefix[PATH_MAX]) {
  if (realpath("/proc/self/exe", prefix) == NULL) return false;
  for (int i = 0; i < 2; i++) {
    char *const slash = strrchr(prefix, '/');
    if (slash == NULL) return false;
    *slash = '\0';
  }
  return true;
}

static bool is_library(char library[PATH_MAX], const char *prefix, const char *folder) {
  const bool is_absolute = folder[0] == '/';
  const int length =
      snprintf(library, PATH_MAX, "%s%s%s/" LIBRARY, is_absolute ? "" : prefix, is_absolute ? "" : "/", folder);
  return length < PATH_MAX && access(library, R_OK) == 0;
}

bool heapster__environment_find_library(char library[PATH_MAX]) {
  char prefix[PATH_MAX];
  if (!find_prefix(prefix)) {
    warn("cannot tell where this command is (is /proc mounted?)");
    return false;
  }
  const char *const folders[] = {"lib", HEAPSTER_LIBDIR}; /* of the build tree; of an installation */
  if (!is_library(library, prefix, folders[0]) && !is_library(library, prefix, folders[1])) {
    warnx("cannot find " LIBRARY " in %s/lib", prefix);
    return false;
  }
  if (strpbrk(library, ": ") != NULL) {
    warnx("cannot preload %s: its path has a blank or a colon, which LD_PRELOAD cannot hold", library);
    return false;
  }
  return true;
}

/* In front, so that it forwards to whatever is preloaded already. */
static int preload(const char *library) {
  const char *const before = getenv("LD_PRELOAD");
  if (before == NULL || before[0] == '\0') return setenv("LD_PRELOAD", library, true);
  const size_t length = strlen(library);
  if (strncmp(before, library, length) == 0 && strchr(": ", before[length]) != NULL) return 0;
  char *both;
  if (asprintf(&both, "%s:%s", library, before) < 0) return -1;
  const int error = setenv("LD_PRELOAD", both, true);
  free(both);
  return error;
}

/* AddressSanitizer ends a program that has it as a library where another was loaded before it. Before the user's own
   options: the last one counts. */
static int allow_sanitizer(void) {
  const char *const before = getenv("ASAN_OPTIONS");
  char *both;
  if (asprintf(&both, "verify_asan_link_order=0%s%s", before ? ":" : "", before ? before : "") < 0) return -1;
  const int error = setenv("ASAN_OPTIONS", both, true);
  free(both);
  return error;
}

int heapster__environment_set(const char *library, const struct heapster__output *output, const char *format,
                              pid_t pid) {
  char number[24];
  snprintf(number, sizeof number, "%ld", (long)pid);
  const bool is_set =
      preload(library) == 0 && allow_sanitizer() == 0 && setenv(HEAPSTER__REPORT, output->pattern, true) == 0 &&
      setenv(HEAPSTER__REPORT_FORMAT, format, true) == 0 && setenv(HEAPSTER__REPORT_PID, number, true) == 0;
  return is_set ? 0 : errno;
}

/* The environment of the program. */
#include "environment.h"

#include "message.h"
#include "process/report_protocol.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LIBRARY HEAPSTER__PRELOAD_LIBRARY "." HEAPSTER_SOVERSION

/* The parent of this command's folder. */
static bool find_prefix(char prefix[PATH_MAX]) {
  if (!realpath("/proc/self/exe", prefix)) return false;
  for (int i = 0; i < 2; i++) {
    char *const slash = strrchr(prefix, '/');
    if (!slash) return false;
    *slash = '\0';
  }
  return true;
}

static bool find_library_in(char library[PATH_MAX], const char *prefix, const char *folder) {
  const bool is_absolute = folder[0] == '/';
  const int length =
      snprintf(library, PATH_MAX, "%s%s%s/" LIBRARY, is_absolute ? "" : prefix, is_absolute ? "" : "/", folder);
  return length < PATH_MAX && access(library, R_OK) == 0;
}

bool heapster__environment_find_library(char library[PATH_MAX]) {
  char prefix[PATH_MAX];
  if (!find_prefix(prefix)) {
    heapster__say("cannot tell where this command is: /proc/self/exe: %s", strerror(errno));
    return false;
  }
  const char *const folders[] = {"lib", HEAPSTER_LIBDIR}; /* of a build tree; of an installation */
  if (!find_library_in(library, prefix, folders[0]) && !find_library_in(library, prefix, folders[1])) {
    heapster__say("cannot find " LIBRARY " in %s/lib", prefix);
    return false;
  }
  if (strpbrk(library, ": ")) {
    heapster__say("cannot preload %s: its path has a blank or a colon, which LD_PRELOAD cannot hold", library);
    return false;
  }
  return true;
}

static int set_joined(const char *name, const char *first, const char *separator, const char *last) {
  char *value;
  if (asprintf(&value, "%s%s%s", first, separator, last) < 0) return -1;
  const int error = setenv(name, value, true);
  free(value);
  return error;
}

/* Put first, so that it forwards to whatever is preloaded already. */
static int set_preload(const char *library) {
  const char *const before = getenv("LD_PRELOAD");
  if (!before || !before[0]) return setenv("LD_PRELOAD", library, true);
  const size_t length = strlen(library);
  if (!strncmp(before, library, length) && strchr(": ", before[length])) return 0;
  return set_joined("LD_PRELOAD", library, ":", before);
}

/* AddressSanitizer as a library ends a program that loaded another library before it. The user's own options come last
   and win. */
static int allow_sanitizer(void) {
  const char *const before = getenv("ASAN_OPTIONS");
  return set_joined("ASAN_OPTIONS", "verify_asan_link_order=0", before ? ":" : "", before ? before : "");
}

static int set_or_unset(const char *name, const char *value) {
  return value ? setenv(name, value, true) : unsetenv(name);
}

int heapster__environment_set(const char *library, const struct heapster__session *session,
                              const struct heapster__output *output, const char *format,
                              const struct heapster__options *options, pid_t pid) {
  char number[24];
  snprintf(number, sizeof number, "%ld", (long)pid);
  const bool is_set = !set_preload(library) && !allow_sanitizer() && !setenv(HEAPSTER__PAGE, session->where, true) &&
                      !set_or_unset(HEAPSTER__REPORT, output->is_per_process ? output->pattern : NULL) &&
                      !setenv(HEAPSTER__REPORT_FORMAT, format, true) && !setenv(HEAPSTER__REPORT_PID, number, true) &&
                      !set_or_unset(HEAPSTER__REPORT_EVERY, options->every) &&
                      !set_or_unset(HEAPSTER__EXPLAIN, options->explain) &&
                      !set_or_unset(HEAPSTER__WARN_ABOVE, options->warn_above);
  return is_set ? 0 : errno;
}

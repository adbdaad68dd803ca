/* NULL for a name: every function answers it with an error or NULL, as for a name that does not exist, and none
 * crashes. */
#include <heapster/heapster.h>
#include <sys/wait.h>
#include <unistd.h>

#include "verdict.h"

static bool field_find(void) { return heapster_field_find(NULL) == NULL; }

static bool limit_make(void) {
  struct heapster_limit limit;
  return heapster_limit_make(NULL, 0, 1, &limit) == HEAPSTER_UNKNOWN_FIELD;
}

static bool heap_create(void) {
  struct heapster_heap *heap;
  return heapster_heap_create(NULL, NULL, &heap) == HEAPSTER_BAD_NAME && !heap;
}

static bool heap_find(void) {
  struct heapster_heap *heap;
  must(!heapster_heap_create("there", NULL, &heap));
  return heapster_heap_find(NULL) == NULL;
}

static bool hook(void) { return heapster_hook(NULL) == HEAPSTER_UNKNOWN_HOOK; }

static bool unhook(void) { return heapster_unhook(NULL) == HEAPSTER_UNKNOWN_HOOK; }

static bool size_parse(void) {
  uint64_t bytes;
  return heapster_size_parse(NULL, &bytes) == HEAPSTER_BAD_SIZE;
}

static const struct call {
  const char *name;
  bool (*is_right)(void);
} calls[] = {{"field_find", field_find},
             {"limit_make", limit_make},
             {"heap_create", heap_create},
             {"heap_find", heap_find},
             {"hook", hook},
             {"unhook", unhook},
             {"size_parse", size_parse}};

/* What happens in a process of its own: NULL where it is right. */
static const char *fault(const struct call *call) {
  const pid_t child = fork();
  if (child == 0) _exit(call->is_right() ? 0 : 3);
  int status = 0;
  must(waitpid(child, &status, 0) == child);
  if (WIFSIGNALED(status)) return "crashes";
  must(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 3);
  return WEXITSTATUS(status) ? "answers wrong" : NULL;
}

int main(void) {
  char seen[512] = "";
  for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
    const char *what = fault(&calls[i]);
    const size_t used = strlen(seen);
    if (what) snprintf(seen + used, sizeof seen - used, "%s%s %s", used ? ", " : "", calls[i].name, what);
  }
  return verdict(!*seen, "%s", *seen ? seen : "every call answers with its error");
}

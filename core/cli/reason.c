/* Why there is no report. Each sentence says what was seen, and no more. */
#include "reason.h"

#include "message.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static bool is_state(const struct heapster__page_info *info, enum heapster__page_state state) {
  return heapster__load_relaxed(&info->state) == (uint32_t)state;
}

/* No library ever started. */
static void describe_never(char *text, size_t capacity, const struct heapster__program *program,
                           const struct heapster__child *child) {
  char signal[HEAPSTER__SIGNAL_TEXT];
  if (heapster__program_obstacle(program, text, capacity)) return;
  if (WIFSIGNALED(child->status)) {
    heapster__signal_text(signal, WTERMSIG(child->status));
    snprintf(text, capacity, "was killed by %s before heapster's library started in it", signal);
  } else {
    snprintf(text, capacity, "ended with status %d, and heapster's library did not start in it",
             WEXITSTATUS(child->status));
  }
}

/* The program that was run by exec: what was seen just before, and what its file shows now. */
static void describe_executed(char *text, size_t capacity, const struct heapster__page_info *info) {
  const char *const path = info->executed_path;
  struct heapster__program next;
  char obstacle[PATH_MAX + 128];
  heapster__program_inspect(&next, path, true);
  if (heapster__program_obstacle(&next, obstacle, sizeof obstacle))
    snprintf(text, capacity, "became %s by exec, which %s", path, obstacle);
  else if (!info->is_preload_passed)
    snprintf(text, capacity, "became %s by exec, without heapster's library in LD_PRELOAD", path);
  else if (info->library_error)
    snprintf(text, capacity, "became %s by exec, where heapster's library cannot be read: %s", path,
             strerror(info->library_error));
  else if (info->page_error)
    snprintf(text, capacity, "became %s by exec, where the memory for its report cannot be opened: %s", path,
             strerror(info->page_error));
  else if (info->user != geteuid())
    snprintf(text, capacity, "became %s by exec as user %u, who may not open the memory for its report, user %u's",
             path, info->user, geteuid());
  else
    snprintf(text, capacity, "became %s by exec, where heapster's library did not start", path);
}

/* The library started, but did not see the end. The system cuts the names that it keeps at 15 characters. */
static void describe_passed_by(char *text, size_t capacity, const struct heapster__page_info *info,
                               const struct heapster__child *child) {
  enum { KEPT = 15 };
  const char *const last = child->last_name;
  if (heapster__load_relaxed(&info->is_executing))
    describe_executed(text, capacity, info);
  else if (*last && strncmp(last, info->program, KEPT) != 0)
    snprintf(text, capacity,
             "ended as '%s', by a system call past all exit handlers or as another program; heapster's library started "
             "in %s last",
             last, info->program);
  else
    snprintf(text, capacity, "ended without exit handlers, by a system call of its own");
}

static void describe_killed(char *text, size_t capacity, const struct heapster__page_info *info, int status) {
  char signal[HEAPSTER__SIGNAL_TEXT];
  heapster__signal_text(signal, WTERMSIG(status));
  const bool has_executed = heapster__load_relaxed(&info->is_executing);
  snprintf(text, capacity, "was killed by %s%s%s", signal, has_executed ? ", after it became " : "",
           has_executed ? info->executed_path : "");
}

void heapster__reason_find(char text[HEAPSTER__REASON_TEXT], const struct heapster__found *found,
                           const struct heapster__program *program, const struct heapster__child *child) {
  const size_t capacity = HEAPSTER__REASON_TEXT;
  if (is_state(&found->info, HEAPSTER__PAGE_NEW))
    describe_never(text, capacity, program, child);
  else if (WIFSIGNALED(child->status))
    describe_killed(text, capacity, &found->info, child->status);
  else if (is_state(&found->info, HEAPSTER__PAGE_RUNNING))
    describe_passed_by(text, capacity, &found->info, child);
  else
    snprintf(text, capacity, "left a page that holds no whole report");
}

void heapster__reason_find_unwaited(char text[HEAPSTER__REASON_TEXT], const struct heapster__found *found) {
  if (heapster__load_relaxed(&found->info.is_executing))
    describe_executed(text, HEAPSTER__REASON_TEXT, &found->info);
  else
    snprintf(text, HEAPSTER__REASON_TEXT, "ended by a signal, or by a system call of its own past all exit handlers");
}

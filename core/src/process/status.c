/* The status of the process: what is counted, by which mode, and what is not. */
#include "process/status.h"

#include "base/atomics.h"
#include "count/accounting.h"
#include "count/doubt.h"
#include "heap/window.h"
#include "hooks/attach/attach.h"
#include "hooks/malloc/family.h"
#include "hooks/malloc/front.h"
#include "hooks/script/lua_hook.h"
#include "process/hook.h"
#include "value/sized.h"

#include <string.h>

static void read_offer(const char *name, const char **mode, const char **problem) {
  const struct heapster__hook *hook = heapster__offered_hook(name);
  *mode = heapster__mode_name(hook ? hook->mode() : HEAPSTER__MODE_NONE);
  *problem = hook ? hook->problem() : "its module is not loaded";
}

/* An attached hook exchanges libc's own slots, so nothing stands in front of those that it found. */
static const char *describe_miss(const struct heapster__malloc_hook *lasting) {
  return lasting ? heapster__malloc_front(lasting->library) : "libc's own requests do not reach the hook";
}

static const char *find_bypass(enum heapster__rescan_choice choice) {
  return choice == HEAPSTER__WITH_RESCAN ? heapster__bypass_problem() : heapster__bypass_seen();
}

void heapster__malloc_status_read(struct heapster_status *status, enum heapster__rescan_choice choice) {
  const struct heapster__malloc_hook *hook = heapster__lasting_hook();
  const bool is_attached = heapster__is_attached();
  const enum heapster__mode attach_mode = is_attached ? HEAPSTER__MODE_ATTACH : HEAPSTER__MODE_NONE;
  status->malloc_way = heapster__mode_name(hook ? hook->mode : attach_mode);
  status->malloc_problem = hook ? hook->problem : heapster__attach_problem();
  if (hook ? hook->problem != NULL : !is_attached) return;
  const enum heapster__probe found = heapster__malloc_prove();
  status->malloc_is_proved = found == HEAPSTER__PROBE_REACHED;
  if (found == HEAPSTER__PROBE_MISSED && !status->malloc_problem) status->malloc_problem = describe_miss(hook);
  if (hook && !status->malloc_problem) status->malloc_problem = find_bypass(choice);
}

static void read_threads(struct heapster_status *status) {
  status->threads_seen = heapster__thread_count();
  for (uint32_t i = 0; i < status->threads_seen; i++) {
    struct heapster__thread *thread = heapster__thread_at(i);
    if (thread && heapster__load_relaxed(&thread->is_taken)) status->threads_alive++;
  }
}

static void read_status(struct heapster_status *status) {
  memset(status, 0, sizeof *status);
  status->version = heapster_version();
  status->counters = HEAPSTER__HAS_THREAD_RECORDS ? "sharded" : "shared";
  heapster__malloc_status_read(status, HEAPSTER__WITH_RESCAN);
  read_offer("python", &status->python_way, &status->python_problem);
  read_offer("lua", &status->lua_way, &status->lua_problem);
  status->lua_preexisting = heapster__lua_preexisting();
  read_threads(status);
  status->uncounted_count = heapster__load_relaxed(&heapster__inaccuracies.uncounted);
  status->lost_size_count = heapster__load_relaxed(&heapster__inaccuracies.lost_sizes);
  status->crossed_count = heapster__load_relaxed(&heapster__inaccuracies.crossed);
  status->windows_open = heapster__windows_open();
  status->own_bytes = heapster__own_bytes();
  const struct heapster__doubt doubt = heapster__doubt_read();
  status->doubtful_count = doubt.blocks;
  status->doubtful_bytes = doubt.bytes;
}

void heapster_status_read_sized(struct heapster_status *status, size_t size) {
  struct heapster_status read;
  if (!status) return;
  read_status(&read);
  read.struct_size = (uint32_t)(size < sizeof read ? size : sizeof read);
  heapster__copy_sized(status, size, &read, sizeof read);
}

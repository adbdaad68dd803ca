/* Hooks by name, and the status of the process. */
#include <heapster/hook.h>

#include "books.h"
#include "malloc_hook.h"
#include "window.h"

#include <string.h>

enum heapster_error heapster_hook(const char *name) {
  if (strcmp(name, "malloc") != 0) return HEAPSTER_UNKNOWN_HOOK;
  const struct heapster__malloc_way *way = heapster__malloc_way();
  return way && !way->problem ? HEAPSTER_OK : HEAPSTER_UNSUPPORTED;
}

enum heapster_error heapster_unhook(const char *name) {
  return strcmp(name, "malloc") != 0 ? HEAPSTER_UNKNOWN_HOOK : HEAPSTER_UNSUPPORTED;
}

static void read_malloc(struct heapster_status *status) {
  const struct heapster__malloc_way *way = heapster__malloc_way();
  status->malloc_way = way ? way->name : "none";
  status->malloc_problem = way ? way->problem : "its functions are not hooked";
  if (!way || way->problem) return;
  status->malloc_is_proved = heapster__malloc_is_proved();
  if (!status->malloc_is_proved)
    status->malloc_problem = "the program's requests do not reach the hook: another allocator stands in front of it";
}

static void read_threads(struct heapster_status *status) {
  status->threads_seen = heapster__slot_count();
  for (uint32_t i = 0; i < status->threads_seen; i++) {
    struct heapster__slot *slot = heapster__slot_at(i);
    if (slot && heapster__load_relaxed(&slot->is_taken)) status->threads_alive++;
  }
}

void heapster_status_read(struct heapster_status *status) {
  memset(status, 0, sizeof *status);
  status->version = heapster_version();
#ifdef HEAPSTER_SHARED_COUNTERS
  status->counters = "shared";
#else
  status->counters = "sharded";
#endif
  read_malloc(status);
  read_threads(status);
  status->uncounted_count = heapster__load_relaxed(&heapster__blemishes.uncounted);
  status->lost_size_count = heapster__load_relaxed(&heapster__blemishes.lost_sizes);
  status->crossed_count = heapster__load_relaxed(&heapster__blemishes.crossed);
  status->windows_open = heapster__windows_open();
  status->own_bytes = heapster__own_bytes();
}

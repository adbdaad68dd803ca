/* The figures of the whole process at one moment. */
#include "process/figures.h"

#include "base/platform.h"
#include "heap/snapshot.h"
#include "process/status.h"

#include <errno.h>
#include <string.h>

/* Cuts the text where it does not fit. */
static void copy_text(char *to, size_t capacity, const char *text) {
  const size_t length = text ? strnlen(text, capacity - 1) : 0;
  if (length) memcpy(to, text, length);
  to[length] = '\0';
}

static size_t read_heaps(struct heapster__figures *figures, enum heapster__rescan_choice choice) {
  if (choice == HEAPSTER__WITH_RESCAN) heapster__rescan();
  const size_t count = heapster__read_all(&figures->total, sizeof figures->total, figures->heaps,
                                          sizeof figures->heaps[0], HEAPSTER_HEAPS, figures->names);
  return count < HEAPSTER_HEAPS ? count : HEAPSTER_HEAPS;
}

static void read_problem(struct heapster__figures *figures, enum heapster__rescan_choice choice) {
  struct heapster_status status;
  memset(&status, 0, sizeof status);
  heapster__malloc_status_read(&status, choice);
  copy_text(figures->malloc_way, sizeof figures->malloc_way, status.malloc_way);
  copy_text(figures->malloc_problem, sizeof figures->malloc_problem, status.malloc_problem);
}

/* The call is before the address that it returns to. A path that is too long is cut at its beginning. */
static void read_place(struct heapster_site *site, char file[HEAPSTER__SITE_FILE]) {
  const void *const call = (const void *)((uintptr_t)site->place - 1);
  const char *path = "?";
  uintptr_t bias = 0;
  if (site->kind == HEAPSTER_SITE_C && heapster__find_object(call, &path, &bias)) site->offset = (uintptr_t)call - bias;
  if (!path[0]) path = heapster__explain_program();
  const size_t length = strlen(path);
  copy_text(file, HEAPSTER__SITE_FILE, length < HEAPSTER__SITE_FILE ? path : path + length - HEAPSTER__SITE_FILE + 1);
}

static void read_sites(struct heapster__figures *figures) {
  struct heapster__process_sites found;
  figures->is_explained = heapster__explain_read(figures->sites, &found);
  for (unsigned i = 0; i < found.count; i++) read_place(&figures->sites[i], figures->site_files[i]);
  figures->site_count = found.count;
  figures->all_site_count = found.site_count;
  figures->explained = found.explained;
}

/* Nothing that was written to the figures is read from there: they may lie in memory that the program scribbles on. */
void heapster__figures_read(struct heapster__figures *figures, enum heapster__rescan_choice choice) {
  const int error = errno;
  const size_t count = read_heaps(figures, choice);
  for (size_t i = 0; i < count; i++) figures->heaps[i].heap = NULL;
  figures->count = count;
  read_sites(figures);
  read_problem(figures, choice);
  heapster__large_unsaid(&figures->unsaid);
  errno = error;
}

/* The figures of the whole process at one moment. */
#include "process/figures.h"

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

/* Nothing that was written to the figures is read from there: they may lie in memory that the program scribbles on. */
void heapster__figures_read(struct heapster__figures *figures, enum heapster__rescan_choice choice) {
  const int error = errno;
  const size_t count = read_heaps(figures, choice);
  for (size_t i = 0; i < count; i++) figures->heaps[i].heap = NULL;
  figures->count = count;
  read_problem(figures, choice);
  errno = error;
}

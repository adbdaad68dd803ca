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

/* The call is before the address that it returns to. False: no object has it. */
static bool find_call(uint64_t returns_to, const char **path, uint64_t *offset) {
  const void *const call = (const void *)((uintptr_t)returns_to - 1);
  uintptr_t bias = 0;
  if (!heapster__find_object(call, path, &bias)) return false;
  *offset = (uintptr_t)call - bias;
  if (!(*path)[0]) *path = heapster__explain_program();
  return true;
}

/* A path that is too long is cut at its beginning. */
static void copy_path(char file[HEAPSTER__SITE_FILE], const char *path) {
  const size_t length = strlen(path);
  copy_text(file, HEAPSTER__SITE_FILE, length < HEAPSTER__SITE_FILE ? path : path + length - HEAPSTER__SITE_FILE + 1);
}

static void read_place(struct heapster_site *site, char file[HEAPSTER__SITE_FILE]) {
  const char *path = "?";
  if (site->kind != HEAPSTER_SITE_C || !find_call(site->place, &path, &site->offset)) site->offset = 0;
  copy_path(file, path);
}

/* The files of frames up to now, as the loader has them. */
struct frame_files {
  const char *paths[HEAPSTER__FRAME_FILES];
  unsigned count;
};

/* The number of a file, plus 1; 0 if there is no room for it. */
static unsigned number_of_file(struct frame_files *files, const char *path, struct heapster__figures *figures) {
  for (unsigned i = 0; i < files->count; i++) {
    if (files->paths[i] == path) return i + 1;
  }
  if (files->count == HEAPSTER__FRAME_FILES) return 0;
  copy_path(figures->frame_files[files->count], path);
  files->paths[files->count++] = path;
  return files->count;
}

static void read_frames(struct heapster__figures *figures, unsigned index, uint64_t stack, struct frame_files *files) {
  const uintptr_t *returns_to = NULL;
  const unsigned count = heapster__stack_frames(stack, &returns_to);
  for (unsigned i = 0; i < count; i++) {
    struct heapster__frame frame = {.offset = returns_to[i]};
    const char *path;
    if (find_call(returns_to[i], &path, &frame.offset)) frame.file = number_of_file(files, path, figures);
    figures->frames[index][i] = frame;
  }
  figures->frame_counts[index] = count;
}

static void read_sites(struct heapster__figures *figures) {
  struct heapster__process_sites found;
  struct frame_files files = {.count = 0};
  figures->is_explained = heapster__explain_read(figures->sites, &found);
  for (unsigned i = 0; i < found.count; i++) {
    read_frames(figures, i, figures->sites[i].kind == HEAPSTER_SITE_C ? figures->sites[i].offset : 0, &files);
    read_place(&figures->sites[i], figures->site_files[i]);
  }
  figures->depth = found.depth;
  figures->unwinder = found.unwinder;
  figures->unstacked_count = found.unstacked_count;
  figures->frame_file_count = files.count;
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

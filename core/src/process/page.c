/* The report page: its layout's rules, for both sides. */
#include "process/page.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char magic[8] = "heapster";

void heapster__page_head_fill(struct heapster__page_head *head, unsigned page_count, uint64_t key) {
  memcpy(head->magic, magic, sizeof magic);
  head->layout = HEAPSTER__PAGE_LAYOUT;
  head->page_count = page_count;
  head->page_size = HEAPSTER__PAGE_SIZE;
  head->key = key;
}

bool heapster__page_head_is_valid(const struct heapster__page_head *head, uint64_t key) {
  return !memcmp(head->magic, magic, sizeof magic) && head->layout == HEAPSTER__PAGE_LAYOUT && head->key == key &&
         head->page_size == HEAPSTER__PAGE_SIZE && head->page_count > 0 && head->page_count <= HEAPSTER__PAGES;
}

int32_t heapster__page_find_outer_pid(void) {
  char text[24] = "";
  return readlink("/proc/self", text, sizeof text - 1) > 0 ? (int32_t)strtol(text, NULL, 10) : (int32_t)getpid();
}

/* The word is a robust futex: the system keeps the thread's id in it, and sets the highest bit but one if it dies. */
bool heapster__page_owner_is_gone(const struct heapster__page_head *head) {
  enum { OWNER_DIED = 0x40000000 };
  const uint32_t owner = heapster__load_acquire(&head->owner); /* pairs with the command's last store */
  return !owner || (owner & OWNER_DIED);
}

/* The program may scribble on the head. */
static unsigned count_pages(const struct heapster__page_head *head) {
  const unsigned count = *(const volatile uint32_t *)&head->page_count;
  return count < HEAPSTER__PAGES ? count : HEAPSTER__PAGES;
}

static int find_claimed(struct heapster__page_head *head, uint32_t pid,
                        bool (*is_running)(void *context, unsigned index), void *context) {
  const unsigned count = count_pages(head);
  for (unsigned i = 0; i < count; i++) {
    if (heapster__load_relaxed(&head->claims[i]) == pid && is_running(context, i)) return (int)i;
  }
  return -1;
}

int heapster__page_claim(struct heapster__page_head *head, int32_t outer_pid,
                         bool (*is_running)(void *context, unsigned index), void *context) {
  const uint32_t pid = (uint32_t)outer_pid;
  const int own = find_claimed(head, pid, is_running, context);
  const unsigned count = count_pages(head);
  if (own >= 0) return own;
  for (unsigned i = 0; i < count; i++) {
    uint32_t nobody = 0;
    while (!nobody && !heapster__swap_acq_rel(&head->claims[i], &nobody, pid)) continue; /* pairs with the release */
    if (!nobody) return (int)i;
  }
  heapster__add_relaxed(&head->crowded_count, 1U);
  return -1;
}

void heapster__page_release(struct heapster__page_head *head, unsigned index) {
  heapster__store_release(&head->claims[index], 0U); /* pairs with the swap: the page is new again */
}

struct heapster__figures *heapster__page_begin_figures(struct heapster__page *page) {
  struct heapster__kept_figures *const kept = &page->kept[!(heapster__load_relaxed(&page->info.newest) & 1)];
  /* uneven already if a signal handler ends the process while its thread writes */
  heapster__store_relaxed(&kept->sequence, heapster__load_relaxed(&kept->sequence) | 1);
  heapster__fence_release(); /* pairs with the acquire fence in read_kept: who sees new figures sees it uneven */
  return &kept->figures;
}

void heapster__page_end_figures(struct heapster__page *page, struct heapster__figures *figures) {
  const unsigned index = figures == &page->kept[1].figures;
  struct heapster__kept_figures *const kept = &page->kept[index];
  heapster__store_release(&kept->sequence, heapster__load_relaxed(&kept->sequence) + 1); /* pairs with read_kept */
  heapster__store_release(&page->info.newest, index);
}

void heapster__page_drop_figures(struct heapster__page *page) {
  for (unsigned i = 0; i < 2; i++) {
    const uint64_t sequence = heapster__load_relaxed(&page->kept[i].sequence);
    if (sequence) heapster__store_relaxed(&page->kept[i].sequence, sequence | 1);
  }
  heapster__fence_release();
}

/* What is read as a truth value, a text or an index must be one. */
static void make_valid_stats(struct heapster_stats *stats) {
  unsigned char flag;
  memcpy(&flag, &stats->has_lua_kinds, 1);
  stats->has_lua_kinds = flag != 0;
  stats->kind = HEAPSTER_SNAPSHOT;
  stats->scope = HEAPSTER_PROCESS;
  stats->struct_size = sizeof *stats;
}

static bool is_name_character(char character) {
  return (character >= '0' && character <= '9') || (character >= 'A' && character <= 'Z') ||
         (character >= 'a' && character <= 'z') || (character && strchr("_.:-", character));
}

static void make_valid_name(char name[HEAPSTER_HEAP_NAME]) {
  name[HEAPSTER_HEAP_NAME - 1] = '\0';
  for (char *at = name; *at; at++) {
    if (!is_name_character(*at)) *at = '?';
  }
}

static void limit_counts(struct heapster__figures *figures) {
  if (figures->count > HEAPSTER_HEAPS) figures->count = HEAPSTER_HEAPS;
  if (figures->site_count > HEAPSTER__REPORTED_SITES) figures->site_count = HEAPSTER__REPORTED_SITES;
  if (figures->frame_file_count > HEAPSTER__FRAME_FILES) figures->frame_file_count = HEAPSTER__FRAME_FILES;
}

static void make_valid_frames(struct heapster__figures *figures) {
  for (size_t i = 0; i < figures->frame_file_count; i++) figures->frame_files[i][HEAPSTER__SITE_FILE - 1] = '\0';
  for (size_t i = 0; i < figures->site_count; i++) {
    if (figures->frame_counts[i] > HEAPSTER__STACK_FRAMES) figures->frame_counts[i] = HEAPSTER__STACK_FRAMES;
    for (size_t j = 0; j < figures->frame_counts[i]; j++) {
      if (figures->frames[i][j].file > figures->frame_file_count) figures->frames[i][j].file = 0;
    }
  }
}

static void make_valid(struct heapster__figures *figures) {
  limit_counts(figures);
  figures->malloc_way[sizeof figures->malloc_way - 1] = '\0';
  figures->malloc_problem[sizeof figures->malloc_problem - 1] = '\0';
  make_valid_stats(&figures->total);
  for (size_t i = 0; i < figures->site_count; i++) {
    figures->sites[i].function = figures->sites[i].file = NULL;
    figures->site_files[i][HEAPSTER__SITE_FILE - 1] = '\0';
  }
  for (size_t i = 0; i < figures->count; i++) {
    make_valid_name(figures->names[i]);
    make_valid_stats(&figures->heaps[i].stats);
  }
  make_valid_frames(figures);
}

static bool read_all(int file, void *bytes, size_t length, off_t offset) {
  return pread(file, bytes, length, offset) == (ssize_t)length;
}

static bool read_uint64(int file, uint64_t *value, off_t offset) {
  return read_all(file, value, sizeof *value, offset);
}

/* The first `count` elements of an array in figures, which are at that offset. */
#define READ_ARRAY(array, count)                                     \
  read_all(file, figures->array, (count) * sizeof figures->array[0], \
           offset + (off_t)offsetof(struct heapster__figures, array))

/* The figures at that offset, of as many heaps as there are. */
static bool copy_figures(int file, off_t offset, struct heapster__figures *figures) {
  if (!read_all(file, figures, offsetof(struct heapster__figures, names), offset)) return false;
  limit_counts(figures);
  const size_t count = figures->count, site_count = figures->site_count;
  return READ_ARRAY(names, count) && READ_ARRAY(heaps, count) && READ_ARRAY(sites, site_count) &&
         READ_ARRAY(site_files, site_count) && READ_ARRAY(frame_counts, site_count) && READ_ARRAY(frames, site_count) &&
         READ_ARRAY(frame_files, figures->frame_file_count);
}
#undef READ_ARRAY

static uint64_t read_kept(int file, off_t offset, struct heapster__figures *figures) {
  const off_t at = offset + (off_t)offsetof(struct heapster__kept_figures, figures);
  uint64_t before = 0, after = 0;
  if (!read_uint64(file, &before, offset) || before % 2) return 0;
  heapster__fence_acquire(); /* pairs with the release in end_figures */
  if (!copy_figures(file, at, figures)) return 0;
  heapster__fence_acquire(); /* pairs with the release fence in begin_figures */
  return read_uint64(file, &after, offset) && after == before ? before : 0;
}

uint64_t heapster__page_read_figures(int file, unsigned index, struct heapster__figures *figures) {
  enum { TRIES = 8 }; /* a program that scribbles on the page must not hold the command up */
  const off_t page = heapster__page_offset(index);
  uint64_t sequence = 0;
  for (unsigned i = 0; i < TRIES && !sequence; i++) {
    uint32_t newest = 0;
    read_all(file, &newest, sizeof newest, page + (off_t)offsetof(struct heapster__page_info, newest));
    const size_t kept = offsetof(struct heapster__page, kept) + (newest & 1) * sizeof(struct heapster__kept_figures);
    sequence = read_kept(file, page + (off_t)kept, figures);
  }
  make_valid(figures);
  return sequence;
}

bool heapster__page_read(int file, unsigned index, struct heapster__page_info *info) {
  if (!read_all(file, info, sizeof *info, heapster__page_offset(index))) return false;
  info->version[sizeof info->version - 1] = '\0';
  info->program[sizeof info->program - 1] = '\0';
  info->executed_path[sizeof info->executed_path - 1] = '\0';
  if (info->command_length > HEAPSTER__COMMAND_ROOM) info->command_length = HEAPSTER__COMMAND_ROOM;
  return true;
}

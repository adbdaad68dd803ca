/* This process's report page. */
#include "process/own_page.h"

#include "base/platform.h"
#include "process/own_command.h"

#include <heapster/heapster.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18
#endif

/* What must not be taken for its own by the child of a fork of which nothing here hears (a bare system call): the
   system gives it zeros instead. */
struct identity {
  pid_t pid; /* of the process that reports; 0: none */
  struct heapster__page *page;
};

static struct {
  const char *where;
  struct heapster__page_head *head;
  struct identity *identity;
  struct identity unwiped;  /* where the system cannot do that */
  _Atomic uintptr_t writer; /* the thread that writes figures; 0: none */
} own;

HEAPSTER__HIDDEN bool heapster__has_shared_child = !HEAPSTER__NOTES_SHARED_CHILDREN;
HEAPSTER__NOTE_SHARED_CHILDREN("heapster__has_shared_child");

/* A program may replace getpid. */
static pid_t ask_pid(void) { return (pid_t)syscall(SYS_getpid); }

static struct identity *make_identity(void) {
  const size_t size = (size_t)sysconf(_SC_PAGESIZE);
  void *const memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory != MAP_FAILED && !madvise(memory, size, MADV_WIPEONFORK)) return memory;
  heapster__has_shared_child = true; /* so that the process id is asked for each time */
  return &own.unwiped;
}

static void *map(int file, off_t offset, size_t size) {
  void *const memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, offset);
  if (memory == MAP_FAILED) return NULL;
  madvise(memory, size, MADV_DONTDUMP);
  return memory;
}

/* Opens no FIFO and no device: the path may lead elsewhere by now. */
static int open_regular(const char *path) {
  struct stat status;
  if (stat(path, &status) < 0) return -1;
  errno = EINVAL;
  return S_ISREG(status.st_mode) ? open(path, O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK) : -1;
}

/* "KEY:PATH" or "KEY:PATH:PATH". */
struct place {
  uint64_t key;
  char memory[64];
  const char *spare; /* or NULL */
};

static struct place parse_place(const char *where) {
  struct place place = {0};
  char *begin;
  place.key = strtoull(where, &begin, 16);
  begin += *begin == ':';
  const size_t length = strcspn(begin, ":");
  if (length < sizeof place.memory) memcpy(place.memory, begin, length);
  if (begin[length]) place.spare = begin + length + 1;
  return place;
}

static bool is_whole(int file, uint64_t page_count) {
  struct stat status;
  return !fstat(file, &status) && S_ISREG(status.st_mode) &&
         status.st_size == heapster__page_offset((unsigned)page_count);
}

/* The file of the command that the environment means. False: another file, or another version's. */
static bool map_head(int file, uint64_t key) {
  struct stat status;
  if (fstat(file, &status) < 0 || !S_ISREG(status.st_mode) || status.st_size < HEAPSTER__PAGE_HEAD_SIZE) return false;
  own.head = map(file, 0, HEAPSTER__PAGE_HEAD_SIZE);
  return own.head && heapster__page_head_is_valid(own.head, key) && is_whole(file, own.head->page_count);
}

static bool is_running(void *file, unsigned index) {
  uint32_t state = HEAPSTER__PAGE_NEW;
  const off_t at = heapster__page_offset(index) + (off_t)offsetof(struct heapster__page_info, state);
  return pread(*(int *)file, &state, sizeof state, at) == (ssize_t)sizeof state && state == HEAPSTER__PAGE_RUNNING;
}

/* Piece by piece: the address space may be limited. Returns how much it copied. */
static uint32_t copy_command(int file, off_t page, const struct heapster__command *command) {
  enum { PIECE = 65536 };
  size_t done = 0;
  while (done < command->length) {
    const size_t part = command->length - done < PIECE ? command->length - done : PIECE;
    char *const piece = map(file, page + HEAPSTER__PAGE_FIXED + (off_t)done, PIECE);
    if (!piece) break;
    memcpy(piece, command->bytes + done, part);
    munmap(piece, PIECE);
    done += part;
  }
  return (uint32_t)done;
}

static uint64_t read_clock(void) {
  struct timespec now = {0};
  clock_gettime(CLOCK_REALTIME, &now);
  return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void copy_text(char *to, size_t capacity, const char *text) {
  const size_t length = strnlen(text, capacity - 1);
  memcpy(to, text, length);
  to[length] = '\0';
}

/* The state comes last: who sees it sees the rest. */
static void fill_page(struct heapster__page *page, int32_t outer_pid, uint32_t command_length, bool is_cut) {
  heapster__page_drop_figures(page);
  page->info.layout = HEAPSTER__PAGE_LAYOUT;
  page->info.pid = (int32_t)ask_pid();
  page->info.outer_pid = outer_pid;
  page->info.start_time = read_clock();
  page->info.program_count++;
  heapster__store_relaxed(&page->info.is_executing, 0U);
  page->info.command_length = command_length;
  page->info.is_command_cut = is_cut;
  copy_text(page->info.version, sizeof page->info.version, heapster_version());
  copy_text(page->info.program, sizeof page->info.program, program_invocation_short_name);
  heapster__store_release(&page->info.state, (uint32_t)HEAPSTER__PAGE_RUNNING);
}

static struct heapster__page *map_page(int file, bool is_shared, const struct heapster__command *command) {
  const int32_t outer_pid = heapster__page_find_outer_pid();
  const int index = is_shared ? heapster__page_claim(own.head, outer_pid, is_running, &file) : 0;
  if (index < 0) return NULL;
  const off_t offset = heapster__page_offset((unsigned)index);
  struct heapster__page *const page = map(file, offset, HEAPSTER__PAGE_FIXED);
  if (!page) return NULL;
  const uint32_t length = copy_command(file, offset, command);
  fill_page(page, outer_pid, length, length < command->length || command->length == command->capacity);
  return page;
}

/* A file on a disk must not have holes: there may be no space for them when they are written to. */
static bool fill_file(int file, const struct heapster__command *command) {
  struct rlimit limit;
  const off_t begin = heapster__page_offset(0);
  const size_t size = HEAPSTER__PAGE_FIXED + HEAPSTER__ROUND_UP(command->length);
  if (getrlimit(RLIMIT_FSIZE, &limit) < 0 || limit.rlim_cur < (rlim_t)begin + size) return false;
  return posix_fallocate(file, begin, (off_t)size) == 0;
}

/* What the parent of a fork had. */
static void close_page(void) {
  if (own.head) munmap(own.head, HEAPSTER__PAGE_HEAD_SIZE);
  own.head = NULL;
}

static struct heapster__page *open_page(const struct place *place, bool is_shared,
                                        const struct heapster__command *command) {
  struct heapster__page *page = NULL;
  int file = open_regular(place->memory);
  if (file >= 0 && map_head(file, place->key)) page = map_page(file, is_shared, command);
  if (file >= 0) close(file);
  if (page || is_shared || !place->spare) return page;
  close_page();
  file = open_regular(place->spare);
  if (file >= 0 && map_head(file, place->key) && fill_file(file, command)) page = map_page(file, false, command);
  if (file >= 0) close(file);
  return page;
}

void heapster__own_page_open(const char *where, bool is_shared) {
  const int error = errno;
  const struct place place = parse_place(where);
  struct heapster__command command = heapster__command_read();
  close_page();
  own.where = where;
  heapster__store_relaxed(&own.writer, 0);
  struct heapster__page *const page = open_page(&place, is_shared, &command);
  heapster__command_free(&command);
  if (!own.identity) own.identity = make_identity();
  *own.identity = (struct identity){.pid = ask_pid(), .page = page};
  errno = error;
}

bool heapster__is_reporting(void) {
  const struct identity *const identity = own.identity;
  return identity && identity->pid && (!heapster__has_shared_child || identity->pid == ask_pid());
}

bool heapster__own_page_is_left(void) {
  struct heapster__page *const page = own.identity ? own.identity->page : NULL;
  if (!page) return true;
  heapster__fence_seq_cst(); /* pairs with the one in heapster__session_close */
  uint32_t state = heapster__load_acquire(&page->info.state);
  if (state != HEAPSTER__PAGE_LEFT && !heapster__page_owner_is_gone(own.head)) return false;
  while (state == HEAPSTER__PAGE_ENDED && !heapster__swap_acq_rel(&page->info.state, &state, HEAPSTER__PAGE_LEFT))
    continue;
  return state != HEAPSTER__PAGE_TAKEN;
}

/* Waits for another thread, without a system call. That needs some milliseconds at most, unless it was ended in the
   middle: then this thread gives up, after about a second. It is the writer itself if a signal handler of it ends the
   process. */
static bool enter(void) {
  enum { TRIES = 50 * 1000 * 1000 };
  const uintptr_t self = (uintptr_t)pthread_self();
  for (unsigned i = 0; i < TRIES; i++) {
    uintptr_t writer = 0;
    if (heapster__swap_acq_rel(&own.writer, &writer, self) || writer == self) return true; /* pairs with leave */
  }
  return false;
}

static void leave(void) { heapster__store_release(&own.writer, 0); }

static void store(struct heapster__page *page, uint64_t time, enum heapster__rescan_choice choice) {
  struct heapster__figures *const figures = heapster__page_begin_figures(page);
  figures->time = time;
  heapster__figures_read(figures, choice);
  heapster__page_end_figures(page, figures);
}

void heapster__own_page_store_snapshot(void) {
  struct heapster__page *const page = own.identity->page;
  if (!page || !enter()) return;
  const uint32_t state = heapster__load_relaxed(&page->info.state);
  if (state != HEAPSTER__PAGE_ENDED && state != HEAPSTER__PAGE_TAKEN) store(page, read_clock(), HEAPSTER__WITH_RESCAN);
  leave();
}

/* A page that was left to this process stays so. */
static void end_page(struct heapster__page *page, int exit_status) {
  uint32_t state = HEAPSTER__PAGE_RUNNING;
  page->info.exit_status = exit_status;
  while (state == HEAPSTER__PAGE_RUNNING && !heapster__swap_acq_rel(&page->info.state, &state, HEAPSTER__PAGE_ENDED))
    continue;
}

void heapster__own_page_store_last(int exit_status) {
  struct heapster__page *const page = own.identity->page;
  if (!page || !enter()) return;
  store(page, 0, HEAPSTER__WITHOUT_RESCAN);
  end_page(page, exit_status);
  leave();
}

void heapster__own_page_take_last_back(void) {
  struct heapster__page *const page = heapster__is_reporting() ? own.identity->page : NULL;
  uint32_t state = HEAPSTER__PAGE_ENDED;
  if (!page || !enter()) return;
  if (heapster__swap_acq_rel(&page->info.state, &state, HEAPSTER__PAGE_RUNNING)) heapster__page_drop_figures(page);
  leave();
}

/* As the next program is about to do, in the same folders and mostly as the same user. Returns 0 or an errno. */
static int try_page(void) {
  const struct place place = parse_place(own.where);
  int file = open_regular(place.memory);
  if (file < 0 && place.spare) file = open_regular(place.spare);
  const int error = file < 0 ? errno : 0;
  if (file >= 0) close(file);
  return error;
}

/* The command looks at the file later, from another folder. A name that is searched in PATH stays as it is. */
static void copy_path(char *to, size_t capacity, const char *path, bool is_searched) {
  const bool is_relative = path[0] != '/' && (!is_searched || strchr(path, '/'));
  size_t length = is_relative && getcwd(to, capacity) ? strlen(to) : 0;
  if (length + 1 + strlen(path) >= capacity) length = 0;
  if (length) to[length++] = '/';
  copy_text(to + length, capacity - length, path);
}

void heapster__own_page_note_exec(const char *path, bool is_searched, bool is_preload_passed, int library_error) {
  struct heapster__page *const page = heapster__is_reporting() ? own.identity->page : NULL;
  if (!page || !path) return;
  const int error = errno;
  copy_path(page->info.executed_path, sizeof page->info.executed_path, path, is_searched);
  page->info.is_preload_passed = is_preload_passed;
  page->info.library_error = library_error;
  page->info.page_error = try_page();
  page->info.user = geteuid();
  heapster__store_release(&page->info.is_executing, 1U);
  errno = error;
}

void heapster__own_page_note_failed_exec(void) {
  struct heapster__page *const page = heapster__is_reporting() ? own.identity->page : NULL;
  if (page) heapster__store_release(&page->info.is_executing, 0U);
}

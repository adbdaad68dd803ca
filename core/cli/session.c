/* The memory of the report pages, from the command's side. */
#include "session.h"

#include "process/report_protocol.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8U
#endif

/* A limit of the size of files holds for memory too, and is enforced by a signal. It is raised for the command alone,
   if that is allowed, and back. */
static bool set_size(int file, off_t size) {
  struct rlimit before, raised;
  struct sigaction action;
  sigaction(SIGXFSZ, &(struct sigaction){.sa_handler = SIG_IGN}, &action);
  getrlimit(RLIMIT_FSIZE, &before);
  raised = (struct rlimit){RLIM_INFINITY, RLIM_INFINITY};
  if (setrlimit(RLIMIT_FSIZE, &raised) < 0) setrlimit(RLIMIT_FSIZE, &(struct rlimit){before.rlim_max, before.rlim_max});
  const int result = ftruncate(file, size);
  const int error = errno;
  setrlimit(RLIMIT_FSIZE, &before);
  sigaction(SIGXFSZ, &action, NULL);
  errno = error;
  return result == 0;
}

static int make_memory(void) {
  const unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  const int file = memfd_create("heapster", flags | MFD_NOEXEC_SEAL);
  return file < 0 && errno == EINVAL ? memfd_create("heapster", flags) : file;
}

static bool seal(int file) { return fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0; }

static void note_problem(struct heapster__session *session, const char *what) {
  const int error = errno;
  snprintf(session->problem, sizeof session->problem, "%s: %s%s", what, strerror(error),
           error == EFBIG ? " (the limit of the size of files, ulimit -f)" : "");
}

static bool open_memory(struct heapster__session *session, unsigned page_count) {
  session->file = make_memory();
  if (session->file < 0) return false;
  session->page_count = page_count;
  if (set_size(session->file, heapster__page_offset(page_count)) && seal(session->file)) return true;
  note_problem(session, "memory for the report cannot be made");
  close(session->file);
  session->file = -1;
  return false;
}

static const char *find_folder(void) {
  const char *const tmpdir = getenv("TMPDIR");
  return tmpdir && tmpdir[0] == '/' ? tmpdir : "/tmp";
}

/* In TMPDIR. Where a program cannot open memory of the command (in a user namespace, without /proc), it fills this one,
   and uses it. No harm is done if there is none. */
static void make_spare(struct heapster__session *session) {
  const int length = snprintf(session->spare_path, PATH_MAX, "%s/heapster-XXXXXX", find_folder());
  errno = ENAMETOOLONG;
  session->spare = length < PATH_MAX ? mkostemp(session->spare_path, O_CLOEXEC) : -1;
  if (session->spare < 0 || set_size(session->spare, heapster__page_offset(1))) return;
  const int error = errno;
  heapster__session_remove(session);
  errno = error;
}

/* The spare file instead of memory, filled by the command. What failed first is the problem. */
static bool open_filled_file(struct heapster__session *session) {
  char what[PATH_MAX + 64];
  int error = session->spare < 0 ? errno : posix_fallocate(session->spare, 0, heapster__page_offset(1));
  session->page_count = 1;
  session->file = session->spare;
  if (!error) return true;
  heapster__session_remove(session);
  session->file = -1;
  errno = error;
  snprintf(what, sizeof what, "no file for the report can be made in %s (TMPDIR names the folder)", find_folder());
  if (!session->problem[0]) note_problem(session, what);
  return false;
}

static uint64_t make_key(void) {
  uint64_t key = 0;
  struct timespec now;
  if (getrandom(&key, sizeof key, GRND_NONBLOCK) == (ssize_t)sizeof key) return key;
  clock_gettime(CLOCK_REALTIME, &now);
  return (uint64_t)now.tv_nsec << 32 ^ (uint64_t)now.tv_sec ^ (uint64_t)getpid();
}

/* As in linux/futex.h, which not every C library ships. */
struct robust_list {
  const void *next; /* of the words that a thread holds, the list's own address at the end */
  long offset;
  void *pending; /* one more word */
};

/* The system sets a bit of the word when this thread ends, however it ends. */
static void own_memory(struct heapster__page_head *head) {
  static struct robust_list list;
  list.next = &list;
  list.pending = &head->owner;
  heapster__store_release(&head->owner, (uint32_t)syscall(SYS_gettid));
  syscall(SYS_set_robust_list, &list, sizeof list);
}

static struct heapster__page_head *map_head(int file) {
  void *const head = mmap(NULL, HEAPSTER__PAGE_HEAD_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  return head == MAP_FAILED ? NULL : head;
}

/* Not mapped: the program could cut it. */
static void write_spare_head(struct heapster__session *session, const struct heapster__page_head *head) {
  const size_t length = offsetof(struct heapster__page_head, owner);
  if (pwrite(session->spare, head, length, 0) != (ssize_t)length) heapster__session_remove(session);
}

static void name_place(struct heapster__session *session, uint64_t key) {
  const bool has_spare = session->spare >= 0;
  snprintf(session->where, sizeof session->where, "%llx:/proc/%ld/fd/%d%s%s", (unsigned long long)key,
           (long)heapster__page_find_outer_pid(), session->file, has_spare ? ":" : "",
           has_spare ? session->spare_path : "");
}

static bool start(struct heapster__session *session) {
  const uint64_t key = make_key();
  const bool is_memory = session->file != session->spare;
  struct heapster__page_head *const head = map_head(session->file);
  if (!head) {
    note_problem(session, "memory for the report cannot be mapped");
    heapster__session_remove(session);
    return false;
  }
  heapster__page_head_fill(head, session->page_count, key);
  if (is_memory) own_memory(head);
  if (is_memory && session->spare >= 0) {
    struct heapster__page_head spare = {0};
    heapster__page_head_fill(&spare, 1, key);
    write_spare_head(session, &spare);
  }
  name_place(session, key);
  if (is_memory)
    session->head = head;
  else
    munmap(head, HEAPSTER__PAGE_HEAD_SIZE);
  return true;
}

bool heapster__session_open(struct heapster__session *session, bool is_shared) {
  enum { FEW = 16 }; /* where a limit of the size of files leaves no more */
  *session = (struct heapster__session){.file = -1, .spare = -1};
  if (is_shared && (open_memory(session, HEAPSTER__PAGES) || open_memory(session, FEW))) return start(session);
  if (open_memory(session, 1)) {
    if (!is_shared) make_spare(session);
    return start(session);
  }
  make_spare(session);
  return open_filled_file(session) && start(session);
}

void heapster__session_remove(struct heapster__session *session) {
  if (session->spare < 0) return;
  unlink(session->spare_path);
  if (session->spare != session->file) close(session->spare);
  session->spare = -1;
}

int heapster__session_file_of(const struct heapster__session *session, unsigned index) {
  struct heapster__page_info info;
  if (session->spare < 0 || session->spare == session->file || index) return session->file;
  const bool is_used =
      heapster__page_read(session->spare, 0, &info) && heapster__load_relaxed(&info.state) != HEAPSTER__PAGE_NEW;
  return is_used ? session->spare : session->file;
}

void heapster__session_note_main(const struct heapster__session *session) {
  if (session->head) heapster__store_relaxed(&session->head->main_pid, (uint32_t)heapster__page_find_outer_pid());
}

/* The first part of a page, as long as something is done with it. */
static struct heapster__page *map_page(const struct heapster__session *session, unsigned index) {
  void *const page = mmap(NULL, sizeof(struct heapster__page_info), PROT_READ | PROT_WRITE, MAP_SHARED, session->file,
                          heapster__page_offset(index));
  return page == MAP_FAILED ? NULL : page;
}

void heapster__session_release(struct heapster__session *session, unsigned index) {
  struct heapster__page *const page = map_page(session, index);
  if (!page) return; /* it stays claimed by a process that is gone */
  page->info.program_count = 0;
  heapster__store_release(&page->info.state, (uint32_t)HEAPSTER__PAGE_NEW);
  munmap(page, sizeof(struct heapster__page_info));
  heapster__page_release(session->head, index);
}

/* Settles who writes the report of a process that may be ending now; see heapster__own_page_is_left. */
static bool try_settle(struct heapster__page *page, uint32_t state) {
  if (state != HEAPSTER__PAGE_RUNNING && state != HEAPSTER__PAGE_ENDED) return true;
  const uint32_t next = state == HEAPSTER__PAGE_RUNNING ? HEAPSTER__PAGE_LEFT : HEAPSTER__PAGE_TAKEN;
  return heapster__swap_acq_rel(&page->info.state, &state, next);
}

bool heapster__session_leave(struct heapster__session *session, unsigned index) {
  struct heapster__page *const page = map_page(session, index);
  if (!page) return true;
  uint32_t state = 0;
  do {
    state = heapster__load_acquire(&page->info.state);
  } while (!try_settle(page, state));
  munmap(page, sizeof(struct heapster__page_info));
  return state != HEAPSTER__PAGE_ENDED;
}

void heapster__session_close(struct heapster__session *session) {
  if (session->head) heapster__store_release(&session->head->owner, 0U);
  heapster__fence_seq_cst(); /* a process whose end is not seen from here on sees that nobody owns its page */
}

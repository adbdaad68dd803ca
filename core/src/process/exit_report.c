/* The report at exit of a program that `heapster run` started: which processes report, and when. Without HEAPSTER_PAGE
   in the environment nothing happens here.

   At exit the figures go to the report page by plain stores, whatever the program has closed, forbidden itself or used
   up by then. The command writes the report; the process itself only where no command will. */
#include "base/platform.h"
#include "explain/explain.h"
#include "explain/large.h"
#include "hooks/malloc/family.h"
#include "hooks/malloc/preload.h"
#include "process/own_page.h"
#include "process/report_file.h"
#include "process/report_protocol.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

typedef void exit_function(int status);
typedef int daemon_function(int stays_in_folder, int keeps_files);

static struct {
  char page[PATH_MAX]; /* where the page is: the environment may change */
  bool has_pattern;    /* %p: every process reports */
  bool has_snapshots;
  uint64_t pause;    /* between two of them, in nanoseconds */
  sigset_t signals;  /* blocked in the thread that starts them */
  pthread_key_t key; /* whose destructor notes the end of the first thread, as by pthread_exit */
  bool has_key;
  _Atomic uint32_t has_first_ended; /* a futex; 0 or 1 */
  exit_function *next_exit;
  exit_function *next_Exit;
} own;

/* Only with %p: otherwise it is the command that asked, and it has gone. */
static bool must_write_file(void) { return own.has_pattern && heapster__own_page_is_left(); }

static void store_last(int status) {
  if (!heapster__is_reporting()) {
    heapster__large_end();
    return;
  }
  heapster__own_page_store_last(status);
  const bool is_left = heapster__own_page_is_left(); /* asked once: who says the one writes the other */
  if (is_left)
    heapster__large_end();
  else
    heapster__large_leave_unsaid(); /* the command says it, from the figures */
  if (is_left && own.has_pattern) heapster__report_file_write(true);
}

static bool store_snapshot(void) {
  if (!heapster__is_reporting()) return false;
  heapster__own_page_store_snapshot();
  return !must_write_file() || heapster__report_file_write(false);
}

enum { WAIT_PRIVATE = 0 | 128, WAKE_PRIVATE = 1 | 128 }; /* as in linux/futex.h, which musl does not ship */

static void note_first_ended(void *unused) {
  (void)unused;
  heapster__store_relaxed(&own.has_first_ended, 1U);
  syscall(SYS_futex, &own.has_first_ended, WAKE_PRIVATE, 1, NULL, NULL, 0);
}

/* Whether the first thread, whose state is the process's here, runs nothing any more. Its end is noted before the other
   destructors of its thread-specific data run. */
static bool is_first_gone(void) {
  char text[128]; /* the name before the state has 15 characters at most */
  const int file = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
  const ssize_t length = file < 0 ? 0 : read(file, text, sizeof text - 1);
  if (file >= 0) close(file);
  text[length > 0 ? length : 0] = '\0';
  const char *const name_end = strrchr(text, ')');
  return name_end && name_end[1] && name_end[2] == 'Z';
}

/* Only the ended first thread, which stays listed, and the caller. A folder has 2 links and one for each below it. */
static bool is_alone(void) {
  struct stat tasks;
  return heapster__load_relaxed(&own.has_first_ended) && !stat("/proc/self/task", &tasks) && tasks.st_nlink == 2 + 2 &&
         is_first_gone();
}

/* The C library ends a process with its last thread. The thread of the snapshots is one too many for that, so it does
   what the last one would have done. */
static void end_if_alone(void) {
  if (!is_alone()) return;
  pthread_sigmask(SIG_SETMASK, &own.signals, NULL);
  exit(0);
}

enum { SECOND = 1000000000, LONGEST_SLEEP = SECOND / 10 }; /* nanoseconds */

/* Until the first thread ends, for a whole pause at once, which its end interrupts. From then on the end of the last
   thread, which wakes nobody, is to be noticed soon. */
static uint64_t sleep_at_most(uint64_t time) {
  const bool has_ended = heapster__load_relaxed(&own.has_first_ended);
  const uint64_t slice = has_ended && time > LONGEST_SLEEP ? LONGEST_SLEEP : time;
  const struct timespec span = {(time_t)(slice / SECOND), (long)(slice % SECOND)};
  syscall(SYS_futex, &own.has_first_ended, WAIT_PRIVATE, (uint32_t)has_ended, &span, NULL, 0);
  return slice;
}

static void wait_for_next(void) {
  for (uint64_t left = own.pause; left > 0;) {
    left -= sleep_at_most(left);
    end_if_alone();
  }
}

static void *store_snapshots(void *unused) {
  (void)unused;
  do wait_for_next();
  while (store_snapshot());
  return NULL;
}

/* Calls of pthread_exit in the calling thread are noted: it is the first of the process, or the only one after a fork.
 */
static void watch_first_thread(void) {
  heapster__store_relaxed(&own.has_first_ended, 0U);
  if (!own.has_key) own.has_key = pthread_key_create(&own.key, note_first_ended) == 0;
  if (own.has_key) pthread_setspecific(own.key, &own);
}

/* Starts a thread that stores figures after each pause. All signals are blocked in it. glibc allocates one block for
   it, its table of thread-locals, which the figures include. */
static void start_snapshots(void) {
  pthread_t thread;
  sigset_t all;
  watch_first_thread();
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &own.signals);
  if (!pthread_create(&thread, NULL, store_snapshots, NULL)) {
    pthread_setname_np(thread, "heapster");
    pthread_detach(thread);
  }
  pthread_sigmask(SIG_SETMASK, &own.signals, NULL);
}

enum { UNKNOWN_STATUS = -1 };

HEAPSTER__AT_UNLOAD static void store_at_unload(void) { store_last(UNKNOWN_STATUS); }

static void store_at_exit(int status, void *unused) {
  (void)unused;
  store_last(status & 0xFF);
}

/* As glibc's own functions do. */
static _Noreturn void end_process(exit_function *next, int status) {
  if (next) next(status);
  for (;;) syscall(SYS_exit_group, status);
}

/* Shells end by these two, without exit. */
HEAPSTER_API _Noreturn void _exit(int status) {
  store_last(status & 0xFF);
  end_process(own.next_exit, status);
}

HEAPSTER_API _Noreturn void _Exit(int status) {
  store_last(status & 0xFF);
  end_process(own.next_Exit, status);
}

/* Ends the caller inside the C library once the daemon is forked, past the public _exit, unless it fails. The watch on
   large requests goes on in the daemon. */
HEAPSTER_API int daemon(int stays_in_folder, int keeps_files) {
  daemon_function *next;
  *(void **)&next = dlsym(RTLD_NEXT, "daemon");
  if (heapster__is_reporting()) {
    heapster__own_page_store_last(0);
    if (must_write_file()) heapster__report_file_write(false); /* it may fail, and others follow */
  }
  errno = ENOSYS;
  const int failed = next ? next(stays_in_folder, keeps_files) : -1;
  if (failed) heapster__own_page_take_last_back();
  return failed;
}

/* Also in the child of a fork. Its snapshot thread reuses the stack and the table of the one before, so its start
   allocates nothing. */
static void start_reports(void) {
  heapster__own_page_open(own.page, own.has_pattern);
  if (own.has_pattern) own.has_pattern = heapster__report_file_name((pid_t)syscall(SYS_getpid));
  if (own.has_snapshots) start_snapshots();
}

static void read_pause(const char *every) {
  const double seconds = every ? heapster__report_seconds(every) : 0;
  own.has_snapshots = seconds > 0;
  own.pause = (uint64_t)(seconds * 1e9);
}

static bool is_pattern(const char *path) {
  return path && path[0] == '/' && strlen(path) < PATH_MAX && heapster__report_is_per_process(path);
}

static bool read_settings(void) {
  const char *const page = secure_getenv(HEAPSTER__PAGE);
  const char *const pattern = secure_getenv(HEAPSTER__REPORT);
  const char *const pid = secure_getenv(HEAPSTER__REPORT_PID);
  const char *const format = secure_getenv(HEAPSTER__REPORT_FORMAT);
  own.has_pattern = is_pattern(pattern);
  read_pause(secure_getenv(HEAPSTER__REPORT_EVERY));
  if (own.has_pattern) heapster__report_file_prepare(pattern, format, own.has_snapshots);
  if (!page || strlen(page) >= sizeof own.page) return false;
  memcpy(own.page, page, strlen(page) + 1);
  return own.has_pattern || (pid && strtol(pid, NULL, 10) == (long)getpid());
}

/* Zeros where this process is not to be explained. */
static struct heapster__explain_choice read_explain(void) {
  const struct heapster__explain_choice none = {0, 0};
  struct heapster__explain_choice choice;
  const char *const text = secure_getenv(HEAPSTER__EXPLAIN);
  const char *const pattern = secure_getenv(HEAPSTER__REPORT);
  const char *const pid = secure_getenv(HEAPSTER__REPORT_PID);
  if (!text || !secure_getenv(HEAPSTER__PAGE)) return none;
  const bool is_reported = is_pattern(pattern) || (pid && strtol(pid, NULL, 10) == (long)syscall(SYS_getpid));
  return is_reported && heapster__report_explain(text, &choice) ? choice : none;
}

static unsigned count_sites(void) { return read_explain().sites; }

unsigned (*const heapster__sites_to_report)(void) = count_sites;

static uint64_t read_large(void) {
  uint64_t size;
  const char *const text = secure_getenv(HEAPSTER__WARN_ABOVE);
  return text && secure_getenv(HEAPSTER__PAGE) && heapster__report_large(text, &size) ? size : 0;
}

uint64_t (*const heapster__large_to_say)(void) = read_large;

HEAPSTER__AT_LOAD static void prepare(void) {
  const bool is_reporting = read_settings();
  if (!is_reporting && !read_large()) return;
  /* C has no conversion from object to function pointers; POSIX converts this way. */
  *(void **)&own.next_exit = dlsym(RTLD_NEXT, "_exit");
  *(void **)&own.next_Exit = dlsym(RTLD_NEXT, "_Exit");
  HEAPSTER__ON_EXIT(store_at_exit);
  at_quick_exit(store_at_unload);
  if (!is_reporting) return;
  heapster__malloc_prove();                      /* now, because at exit nothing may be allocated */
  heapster__explain_depth(read_explain().depth); /* not earlier: the first request may come from inside the loader */
  if (own.has_pattern) pthread_atfork(NULL, NULL, start_reports);
  start_reports();
}

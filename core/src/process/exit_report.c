/* The report at exit of a program that `heapster run` started: which processes report, and when. Without
   HEAPSTER_REPORT in the environment nothing happens here. */
#include "base/platform.h"
#include "process/exit_report_every.h"
#include "process/exit_report_write.h"
#include "process/report_protocol.h"

#include <heapster/hook.h>
#include <heapster/report.h>

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

typedef void exit_function(int status);

/* This process's report. */
static struct {
  pid_t pid; /* of the process that reports; 0: none does */
  char pattern[PATH_MAX];
  char program[64];
  double every;
  struct heapster__report_file file;
  pthread_mutex_t lock; /* one thread writes at a time, and none after the last report */
  bool is_done;
  exit_function *next_exit;
  exit_function *next_Exit;
} own = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* The child of a vfork, or of a bare clone, runs on our memory or a copy of it under another process id. It is
   not asked through getpid, which a program may replace. */
static bool is_reporting(void) { return own.pid != 0 && own.pid == (pid_t)syscall(SYS_getpid); }

/* What the program must not notice of a report: a signal handler that ends the process half-way through it,
   a cancellation in it, the SIGXFSZ of a file that may not grow, errno. */
struct calm {
  sigset_t mask;
  bool had_xfsz;
  int cancel_state;
  int error;
};

static bool is_xfsz_pending(void) {
  sigset_t pending;
  return sigpending(&pending) == 0 && sigismember(&pending, SIGXFSZ) == 1;
}

static void calm_begin(struct calm *calm) {
  calm->error = errno;
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &calm->cancel_state);
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &calm->mask);
  calm->had_xfsz = is_xfsz_pending();
}

static void calm_end(const struct calm *calm) {
  if (!calm->had_xfsz && is_xfsz_pending()) {
    sigset_t xfsz;
    sigemptyset(&xfsz);
    sigaddset(&xfsz, SIGXFSZ);
    sigtimedwait(&xfsz, NULL, &(struct timespec){0});
  }
  pthread_sigmask(SIG_SETMASK, &calm->mask, NULL);
  pthread_setcancelstate(calm->cancel_state, NULL);
  errno = calm->error;
}

/* A thread that ends the process waits for one that is writing, but not for ever: the file may lie on a
   server that is gone. */
static bool lock_soon(void) {
  struct timespec deadline;
  clock_gettime(CLOCK_REALTIME, &deadline);
  deadline.tv_sec += 5;
  return pthread_mutex_timedlock(&own.lock, &deadline) == 0;
}

/* Writes unless the last report is written. Whether reports may follow. */
static bool write_locked(bool is_last) {
  if (own.is_done) return false;
  heapster__report_write(&own.file);
  own.is_done = is_last;
  return !is_last;
}

static bool write_report(bool is_last) {
  struct calm calm;
  calm_begin(&calm);
  bool is_to_go_on = false;
  if (lock_soon()) {
    is_to_go_on = write_locked(is_last);
    pthread_mutex_unlock(&own.lock);
  }
  calm_end(&calm);
  return is_to_go_on;
}

static bool write_snapshot(void) { return is_reporting() && write_report(false); }

HEAPSTER__AT_UNLOAD static void write_last(void) {
  if (is_reporting()) write_report(true);
}

static void write_at_exit(int status, void *unused) {
  (void)status;
  (void)unused;
  write_last();
}

/* glibc's own do no more than this. */
static _Noreturn void leave(exit_function *next, int status) {
  if (next != NULL) next(status);
  for (;;) syscall(SYS_exit_group, status);
}

/* Shells end so, and what calls them never reaches exit. */
HEAPSTER_API _Noreturn void _exit(int status) {
  write_last();
  leave(own.next_exit, status);
}

HEAPSTER_API _Noreturn void _Exit(int status) {
  write_last();
  leave(own.next_Exit, status);
}

static void copy_text(char *to, size_t capacity, const char *text) { snprintf(to, capacity, "%s", text); }

static enum heapster_error (*figures_of(const char *format))(struct heapster_sink) {
  if (format != NULL && strcmp(format, "json") == 0) return heapster_json;
  return format != NULL && strcmp(format, "prometheus") == 0 ? heapster_prometheus : heapster_report;
}

/* The names of this process's files, and its heading. */
static bool name_files(void) {
  if (!heapster__report_path(own.file.path, own.pattern, own.pid)) return false;
  if (own.every > 0 && !heapster__report_beside(own.file.beside, own.file.path, own.pid)) return false;
  if (own.file.figures == heapster_report)
    snprintf(own.file.heading, sizeof own.file.heading, "heapster: %s (pid %ld)\n", own.program, (long)own.pid);
  return true;
}

static void begin(void) {
  own.pid = (pid_t)syscall(SYS_getpid);
  if (!name_files())
    own.pid = 0;
  else if (own.every > 0)
    heapster__every_start(own.every, write_snapshot);
}

/* Another thread may have been writing when the fork was made; here it does not exist. A thread of snapshots
   finds the stack and the table of its predecessor, so starting it asks malloc for nothing. */
static void begin_in_child(void) {
  own.lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
  own.is_done = false;
  begin();
}

static bool is_meant(const char *pattern, const char *pid) {
  if (pattern == NULL || pattern[0] != '/' || strlen(pattern) >= PATH_MAX) return false;
  return heapster__report_is_per_process(pattern) || (pid != NULL && strtol(pid, NULL, 10) == (long)getpid());
}

/* The name is copied because a program may write over its arguments. */
static void remember(const char *pattern) {
  copy_text(own.pattern, sizeof own.pattern, pattern);
  copy_text(own.program, sizeof own.program, program_invocation_short_name);
  const char *const every = secure_getenv(HEAPSTER__REPORT_EVERY);
  own.every = every == NULL ? 0 : heapster__report_seconds(every);
  own.file.figures = figures_of(secure_getenv(HEAPSTER__REPORT_FORMAT));
  /* POSIX's way around C's having no conversion from object to function pointers. */
  *(void **)&own.next_exit = dlsym(RTLD_NEXT, "_exit");
  *(void **)&own.next_Exit = dlsym(RTLD_NEXT, "_Exit");
}

__attribute__((constructor)) static void prepare(void) {
  const char *const pattern = secure_getenv(HEAPSTER__REPORT);
  if (!is_meant(pattern, secure_getenv(HEAPSTER__REPORT_PID))) return;
  remember(pattern);
  heapster_status_read(&(struct heapster_status){0}); /* proves the hook now: at exit nothing may be asked for */
  HEAPSTER__ON_EXIT(write_at_exit);
  at_quick_exit(write_last);
  if (heapster__report_is_per_process(own.pattern)) pthread_atfork(NULL, NULL, begin_in_child);
  begin();
}

/* The report at exit of a program that `heapster run` started: which processes report, when, and how the file is
   written. Nothing happens here without HEAPSTER_REPORT in the environment.

   At exit the program may have closed or reused any descriptor, left its folder, and broken its heap: the report relies
   only on an absolute path and static buffers. */
#include "base/platform.h"
#include "process/report_protocol.h"

#include <heapster/hook.h>
#include <heapster/report.h>

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Everything the writing needs, made ready beforehand: at exit nothing is formatted but the figures. */
struct report_file {
  char path[PATH_MAX];
  char beside[PATH_MAX]; /* written first and renamed to `path`; "": `path` is written in place */
  char heading[128];     /* the line before the figures, or "" */
  enum heapster_error (*figures)(struct heapster_sink sink);
};

struct buffer {
  int fd;
  size_t used;
  char bytes[4096];
};

static bool flush(struct buffer *buffer) {
  size_t done = 0;
  while (done < buffer->used) {
    const ssize_t written = write(buffer->fd, buffer->bytes + done, buffer->used - done);
    if (written < 0 && errno != EINTR) return false;
    done += written < 0 ? 0 : (size_t)written;
  }
  buffer->used = 0;
  return true;
}

static bool add(void *context, const char *text, size_t length) {
  struct buffer *const buffer = context;
  while (length > 0) {
    if (buffer->used == sizeof buffer->bytes && !flush(buffer)) return false;
    const size_t room = sizeof buffer->bytes - buffer->used;
    const size_t part = length < room ? length : room;
    memcpy(buffer->bytes + buffer->used, text, part);
    buffer->used += part;
    text += part;
    length -= part;
  }
  return true;
}

static bool write_all(struct buffer *buffer, const struct report_file *file) {
  return add(buffer, file->heading, strlen(file->heading)) &&
         file->figures((struct heapster_sink){add, buffer}) == HEAPSTER_OK && flush(buffer);
}

/* Never through a link that somebody else may have laid. */
static bool write_in_place(struct buffer *buffer, const struct report_file *file) {
  buffer->fd = open(file->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0666);
  if (buffer->fd < 0) return false;
  const bool is_whole = write_all(buffer, file);
  const bool is_left = is_whole || ftruncate(buffer->fd, 0) < 0;
  close(buffer->fd);
  return is_left;
}

/* The name has the process id, so what stands there is a leaving of ours: of the program before an exec. */
static bool write_beside(struct buffer *buffer, const struct report_file *file) {
  unlink(file->beside);
  buffer->fd = open(file->beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (buffer->fd < 0) return false;
  const bool is_whole = write_all(buffer, file);
  close(buffer->fd);
  if (is_whole && rename(file->beside, file->path) == 0) return true;
  unlink(file->beside);
  return false;
}

/* Writes the report through a descriptor opened for it alone. A report that cannot be written whole leaves no half: the
   file is then empty, or as it was if it is written beside. Allocates nothing. One thread at a time. */
static bool write_file(const struct report_file *file) {
  /* Not on the stack: the thread that ends the program may have a small one. */
  static struct buffer buffer;
  buffer.used = 0;
  return file->beside[0] == '\0' ? write_in_place(&buffer, file) : write_beside(&buffer, file);
}

/* The arguments of the snapshot thread, which outlive it. Written only while no such thread runs. */
static struct {
  struct timespec pause;
  bool (*snapshot)(void);
} schedule;

static void *keep_writing(void *unused) {
  (void)unused;
  do nanosleep(&schedule.pause, NULL);
  while (schedule.snapshot());
  return NULL;
}

static bool start_detached(void) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, keep_writing, NULL) != 0) return false;
  pthread_setname_np(thread, "heapster");
  pthread_detach(thread);
  return true;
}

/* Starts a thread that calls `snapshot` every `seconds` until it returns false. No signal is delivered to that thread.
   glibc asks malloc for one block for it, its table of thread-locals, which the figures show. */
static bool start_snapshots(double seconds, bool (*snapshot)(void)) {
  schedule.pause.tv_sec = (time_t)seconds;
  schedule.pause.tv_nsec = (long)((seconds - (double)schedule.pause.tv_sec) * 1e9);
  schedule.snapshot = snapshot;
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const bool is_started = start_detached();
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return is_started;
}

typedef void exit_function(int status);

/* This process's report. */
static struct {
  pid_t pid; /* of the process that reports; 0: none does */
  char pattern[PATH_MAX];
  char program[64];
  double every;
  struct report_file file;
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
  write_file(&own.file);
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
    start_snapshots(own.every, write_snapshot);
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

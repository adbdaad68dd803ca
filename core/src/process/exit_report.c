/* The report at exit of a program that `heapster run` started: which processes report, when, and how the file is
   written. Without HEAPSTER_REPORT in the environment nothing happens here.

   By then the program may have closed or reused any descriptor, changed its folder, and corrupted its heap: the report
   needs only an absolute path and static buffers. */
#include "base/platform.h"
#include "hooks/malloc/family.h"
#include "process/report_protocol.h"

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

/* Prepared at the start of the process, so that only the figures are formatted at exit. */
struct report_file {
  char path[PATH_MAX];
  char beside[PATH_MAX]; /* the file to write and rename to `path`; "": `path` is written in place */
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

static bool append(void *context, const char *text, size_t length) {
  struct buffer *const buffer = context;
  while (length > 0) {
    if (buffer->used == sizeof buffer->bytes && !flush(buffer)) return false;
    const size_t left = sizeof buffer->bytes - buffer->used;
    const size_t part = length < left ? length : left;
    memcpy(buffer->bytes + buffer->used, text, part);
    buffer->used += part;
    text += part;
    length -= part;
  }
  return true;
}

static bool write_all(struct buffer *buffer, const struct report_file *file) {
  return append(buffer, file->heading, strlen(file->heading)) &&
         file->figures((struct heapster_sink){append, buffer}) == HEAPSTER_OK && flush(buffer);
}

/* Follows no link: somebody else may have placed one. */
static void write_in_place(struct buffer *buffer, const struct report_file *file) {
  buffer->fd = open(file->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0666);
  if (buffer->fd < 0) return;
  const bool is_clean = write_all(buffer, file) || !ftruncate(buffer->fd, 0);
  (void)is_clean; /* false: half a report stays, and nothing can be done about it */
  close(buffer->fd);
}

/* The name has the process id, so a file of that name is this process's own, from before an exec. */
static void write_beside(struct buffer *buffer, const struct report_file *file) {
  unlink(file->beside);
  buffer->fd = open(file->beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (buffer->fd < 0) return;
  const bool is_whole = write_all(buffer, file);
  close(buffer->fd);
  if (!is_whole || rename(file->beside, file->path) < 0) unlink(file->beside);
}

/* Writes the report through a descriptor of its own. Where it cannot be written whole, the file becomes empty, or stays
   as it was if it is written beside. Allocates nothing. One thread at a time. */
static void write_file(const struct report_file *file) {
  /* Static, because the thread that ends the program may have a small stack. */
  static struct buffer buffer;
  buffer.used = 0;
  if (file->beside[0])
    write_beside(&buffer, file);
  else
    write_in_place(&buffer, file);
}

typedef void exit_function(int status);

/* This process's report. */
static struct {
  pid_t pid; /* of the process that reports; 0: none */
  char pattern[PATH_MAX];
  char program[64];
  bool has_snapshots;
  struct timespec pause; /* between two of them */
  struct report_file file;
  pthread_mutex_t lock; /* one thread writes at a time, and none after the last report */
  bool is_done;
  exit_function *next_exit;
  exit_function *next_Exit;
} own;

/* The child of a vfork, or of a bare clone, runs on this memory or a copy of it, under another process id. A system
   call, because a program may replace getpid. */
static bool is_reporting(void) { return own.pid && own.pid == (pid_t)syscall(SYS_getpid); }

/* The state of the calling thread that a report changes and restores. Meanwhile no signal handler can end the process,
   no cancellation can happen, and the SIGXFSZ of a file at its size limit is discarded. */
struct thread_state {
  sigset_t mask;
  bool has_xfsz; /* one was pending before */
  int cancel_state;
  int error;
};

static bool is_xfsz_pending(void) {
  sigset_t pending;
  return sigpending(&pending) == 0 && sigismember(&pending, SIGXFSZ) == 1;
}

static void shield_thread(struct thread_state *state) {
  state->error = errno;
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state->cancel_state);
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &state->mask);
  state->has_xfsz = is_xfsz_pending();
}

static void restore_thread(const struct thread_state *state) {
  if (!state->has_xfsz && is_xfsz_pending()) {
    sigset_t xfsz;
    sigemptyset(&xfsz);
    sigaddset(&xfsz, SIGXFSZ);
    sigtimedwait(&xfsz, NULL, &(struct timespec){0});
  }
  pthread_sigmask(SIG_SETMASK, &state->mask, NULL);
  pthread_setcancelstate(state->cancel_state, NULL);
  errno = state->error;
}

/* Waits for a thread that is writing, but at most 5 seconds: the file may be on a server that is gone. */
static bool try_lock(void) {
  struct timespec deadline;
  clock_gettime(CLOCK_REALTIME, &deadline);
  deadline.tv_sec += 5;
  return pthread_mutex_timedlock(&own.lock, &deadline) == 0;
}

/* Writes a report, unless the last one was written. Whether more may follow. */
static bool write_report(bool is_last) {
  struct thread_state state;
  shield_thread(&state);
  bool may_follow = false;
  if (try_lock()) {
    if (!own.is_done) write_file(&own.file);
    own.is_done |= is_last;
    may_follow = !own.is_done;
    pthread_mutex_unlock(&own.lock);
  }
  restore_thread(&state);
  return may_follow;
}

static void *write_snapshots(void *unused) {
  (void)unused;
  do nanosleep(&own.pause, NULL);
  while (is_reporting() && write_report(false));
  return NULL;
}

/* Starts a thread that writes a snapshot after each pause. All signals are blocked in it. glibc allocates one block for
   it, its table of thread-locals, which the figures include. */
static void start_snapshots(void) {
  pthread_t thread;
  struct thread_state state;
  shield_thread(&state);
  if (!pthread_create(&thread, NULL, write_snapshots, NULL)) {
    pthread_setname_np(thread, "heapster");
    pthread_detach(thread);
  }
  restore_thread(&state);
}

HEAPSTER__AT_UNLOAD static void write_last(void) {
  if (is_reporting()) write_report(true);
}

static void write_at_exit(int status, void *unused) {
  (void)status;
  (void)unused;
  write_last();
}

/* As glibc's own functions do. */
static _Noreturn void end_process(exit_function *next, int status) {
  if (next) next(status);
  for (;;) syscall(SYS_exit_group, status);
}

/* Shells end by these two, without exit. */
HEAPSTER_API _Noreturn void _exit(int status) {
  write_last();
  end_process(own.next_exit, status);
}

HEAPSTER_API _Noreturn void _Exit(int status) {
  write_last();
  end_process(own.next_Exit, status);
}

static enum heapster_error (*figures_of(const char *format))(struct heapster_sink) {
  if (!format) return heapster_report;
  if (!strcmp(format, "json")) return heapster_json;
  if (!strcmp(format, "prometheus")) return heapster_prometheus;
  return !strcmp(format, "verbose") ? heapster_report_verbose : heapster_report;
}

/* Fills in the names of this process's files, and the heading. */
static bool prepare_file(void) {
  if (!heapster__report_path(own.file.path, own.pattern, own.pid)) return false;
  if (own.has_snapshots && !heapster__report_beside(own.file.beside, own.file.path, own.pid)) return false;
  if (own.file.figures == heapster_report || own.file.figures == heapster_report_verbose)
    snprintf(own.file.heading, sizeof own.file.heading, "heapster: %s (pid %ld)\n", own.program, (long)own.pid);
  return true;
}

/* Also in the child of a fork: a thread that was writing at the fork does not exist there. The new snapshot thread
   reuses the stack and the table of the one before, so its start allocates nothing. */
static void start_reports(void) {
  own.lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
  own.is_done = false;
  own.pid = (pid_t)syscall(SYS_getpid);
  if (!prepare_file())
    own.pid = 0;
  else if (own.has_snapshots)
    start_snapshots();
}

static bool must_report(const char *pattern, const char *pid) {
  if (!pattern || pattern[0] != '/' || strlen(pattern) >= PATH_MAX) return false;
  return heapster__report_is_per_process(pattern) || (pid && strtol(pid, NULL, 10) == (long)getpid());
}

/* Copies the name, because a program may overwrite its arguments. */
static void read_settings(const char *pattern) {
  snprintf(own.pattern, sizeof own.pattern, "%s", pattern);
  snprintf(own.program, sizeof own.program, "%s", program_invocation_short_name);
  const char *const every = secure_getenv(HEAPSTER__REPORT_EVERY);
  const double seconds = every ? heapster__report_seconds(every) : 0;
  own.has_snapshots = seconds > 0;
  own.pause.tv_sec = (time_t)seconds;
  own.pause.tv_nsec = (long)((seconds - (double)own.pause.tv_sec) * 1e9);
  own.file.figures = figures_of(secure_getenv(HEAPSTER__REPORT_FORMAT));
  /* C has no conversion from object to function pointers; POSIX converts this way. */
  *(void **)&own.next_exit = dlsym(RTLD_NEXT, "_exit");
  *(void **)&own.next_Exit = dlsym(RTLD_NEXT, "_Exit");
}

HEAPSTER__AT_LOAD static void prepare(void) {
  const char *const pattern = secure_getenv(HEAPSTER__REPORT);
  if (!must_report(pattern, secure_getenv(HEAPSTER__REPORT_PID))) return;
  read_settings(pattern);
  heapster__malloc_prove(); /* now, because at exit nothing may be allocated */
  HEAPSTER__ON_EXIT(write_at_exit);
  at_quick_exit(write_last);
  if (heapster__report_is_per_process(own.pattern)) pthread_atfork(NULL, NULL, start_reports);
  start_reports();
}

/* The report that a process writes itself.

   By then the program may have closed or reused any descriptor, changed its folder, and corrupted its heap: the report
   needs only an absolute path and static buffers. */
#include "process/report_file.h"

#include "process/file_sink.h"
#include "process/report_protocol.h"
#include "process/report_text.h"

#include <heapster/report.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Prepared at the start of the process, so that only the figures are formatted at exit. */
struct report_file {
  char path[PATH_MAX];
  char beside[PATH_MAX]; /* the file to write and rename to `path`; "": `path` is written in place */
  char heading[128];     /* the line before the figures, or "" */
  enum heapster_error (*figures)(struct heapster_sink sink);
};

static bool write_all(struct heapster__file_sink *target, const struct report_file *file) {
  const struct heapster_sink sink = heapster__sink_of(target);
  return sink.write(sink.context, file->heading, strlen(file->heading)) && file->figures(sink) == HEAPSTER_OK &&
         heapster__file_sink_flush(target);
}

/* A daemon that has set its umask to 0 wants nobody to write into its report. */
enum { MODE = 0644 };

/* Follows no link: somebody else may have placed one. */
static void write_in_place(struct heapster__file_sink *target, const struct report_file *file) {
  target->file = open(file->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, MODE);
  if (target->file < 0) return;
  const bool is_clean = write_all(target, file) || !ftruncate(target->file, 0);
  (void)is_clean; /* false: half a report stays, and nothing can be done about it */
  close(target->file);
}

/* The name has the process id, so a file of that name is this process's own, from before an exec. */
static void write_beside(struct heapster__file_sink *target, const struct report_file *file) {
  unlink(file->beside);
  target->file = open(file->beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, MODE);
  if (target->file < 0) return;
  const bool is_whole = write_all(target, file);
  close(target->file);
  if (!is_whole || rename(file->beside, file->path) < 0) unlink(file->beside);
}

/* Writes the report through a descriptor of its own. Where it cannot be written whole, the file becomes empty, or stays
   as it was if it is written beside. Allocates nothing. One thread at a time. */
static void write_file(const struct report_file *file) {
  /* Static, because the thread that ends the program may have a small stack. */
  static struct heapster__file_sink target;
  target.used = 0;
  if (file->beside[0])
    write_beside(&target, file);
  else
    write_in_place(&target, file);
}

static struct {
  char pattern[PATH_MAX];
  bool is_beside;
  bool is_for_people;
  struct report_file file;
  pthread_mutex_t lock; /* one thread writes at a time, and none after the last report */
  bool is_done;
} own = {.lock = PTHREAD_MUTEX_INITIALIZER};

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
bool heapster__report_file_write(bool is_last) {
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

static enum heapster_error (*figures_of(const char *format))(struct heapster_sink) {
  if (!format) return heapster_report;
  if (!strcmp(format, "json")) return heapster_json;
  if (!strcmp(format, "prometheus")) return heapster_prometheus;
  return !strcmp(format, "verbose") ? heapster_report_verbose : heapster_report;
}

void heapster__report_file_prepare(const char *pattern, const char *format, bool is_beside) {
  snprintf(own.pattern, sizeof own.pattern, "%s", pattern);
  own.is_beside = is_beside;
  own.is_for_people = !format || heapster__report_is_for_people(format);
  own.file.figures = figures_of(format);
}

/* Printable, as the command prints it. */
static void write_heading(pid_t pid) {
  heapster__heading_text(own.file.heading, sizeof own.file.heading, program_invocation_short_name, pid);
}

/* A thread that was writing at the fork does not exist in the child. */
bool heapster__report_file_name(pid_t pid) {
  own.lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
  own.is_done = false;
  if (!heapster__report_path(own.file.path, own.pattern, pid)) return false;
  if (own.is_beside && !heapster__report_beside(own.file.beside, own.file.path, pid)) return false;
  if (own.is_for_people) write_heading(pid);
  return true;
}

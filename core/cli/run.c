/* `heapster run`: a program from its start to its report. */
#include "run.h"

#include "child.h"
#include "environment.h"
#include "output.h"
#include "program.h"

#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

/* What the new process needs before exec. */
struct preparation {
  const char *format;
  char library[PATH_MAX];
  struct heapster__output output;
};

static int prepare(const void *context, pid_t pid) {
  const struct preparation *const preparation = context;
  const int error = heapster__output_open_own(&preparation->output, pid);
  if (error) return error;
  return heapster__environment_set(preparation->library, &preparation->output, preparation->format, pid);
}

/* Prints one line; returns the status of env(1) for the same failure. */
static int warn_of_failed_start(const struct heapster__child *child, const char *program, const char *output) {
  errno = child->error;
  if (child->failed == HEAPSTER__EXEC) {
    warn("cannot run %s", program);
    return child->error == ENOENT ? HEAPSTER__NOT_FOUND : HEAPSTER__NOT_EXECUTABLE;
  }
  if (child->failed == HEAPSTER__PREPARE)
    warn("cannot write %s", output ? output : "the environment");
  else
    warn("cannot start a process");
  return HEAPSTER__FAILED;
}

static const char *base_name_of(const char *path) {
  const char *const slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

/* Signals that end a program. Not every C library has a function for the names. */
#define NAMED(signal) [signal] = #signal
static const char *const signal_names[] = {
    NAMED(SIGHUP),  NAMED(SIGINT),  NAMED(SIGQUIT), NAMED(SIGILL),  NAMED(SIGTRAP),   NAMED(SIGABRT), NAMED(SIGBUS),
    NAMED(SIGFPE),  NAMED(SIGKILL), NAMED(SIGUSR1), NAMED(SIGSEGV), NAMED(SIGUSR2),   NAMED(SIGPIPE), NAMED(SIGALRM),
    NAMED(SIGTERM), NAMED(SIGXCPU), NAMED(SIGXFSZ), NAMED(SIGPROF), NAMED(SIGVTALRM), NAMED(SIGPOLL), NAMED(SIGSYS),
};

static void name_signal(char *text, size_t capacity, int signal) {
  const bool is_known = (size_t)signal < sizeof signal_names / sizeof signal_names[0] && signal_names[signal];
  if (is_known)
    snprintf(text, capacity, "%s", signal_names[signal]);
  else
    snprintf(text, capacity, "signal %d", signal);
}

/* Why there is no report, as words to follow the program's name. */
static void find_reason(char *reason, size_t capacity, const struct heapster__child *child, const char *program) {
  const char *const obstacle = heapster__program_find_obstacle(program);
  char signal[32];
  if (obstacle) {
    snprintf(reason, capacity, "is %s", obstacle);
  } else if (WIFSIGNALED(child->status)) {
    name_signal(signal, sizeof signal, WTERMSIG(child->status));
    snprintf(reason, capacity, "was killed by %s", signal);
  } else {
    snprintf(reason, capacity, "ended without exit handlers, dropped LD_PRELOAD, or changed its user or root folder");
  }
}

static void warn_of_missing_report(const struct heapster__child *child, const char *program, const char *file) {
  char reason[128];
  find_reason(reason, sizeof reason, child, program);
  if (file)
    warnx("no report: %s %s; %s stays empty", base_name_of(program), reason, file);
  else
    warnx("no report: %s %s", base_name_of(program), reason);
}

/* A file of snapshots must not look final if the report at exit is missing. */
static void warn_of_last_snapshot(const struct heapster__child *child, const char *program, const char *file) {
  char signal[32];
  name_signal(signal, sizeof signal, WTERMSIG(child->status));
  warnx("%s was killed by %s: %s holds the last snapshot", base_name_of(program), signal, file);
}

static void finish_report(const struct heapster__child *child, const struct heapster__options *options,
                          const struct heapster__output *output) {
  if (!heapster__output_finish(output, child->pid))
    warn_of_missing_report(child, options->program[0], options->output);
  else if (output->is_repeated && WIFSIGNALED(child->status))
    warn_of_last_snapshot(child, options->program[0], options->output);
}

_Noreturn void heapster__run(const struct heapster__options *options) {
  struct preparation preparation = {.format = options->is_verbose ? "verbose" : options->format};
  struct heapster__child child;
  if (!heapster__environment_find_library(preparation.library) || !heapster__output_open(&preparation.output, options))
    exit(HEAPSTER__FAILED);
  heapster__child_run(&child, options->program, prepare, &preparation);
  if (child.failed != HEAPSTER__STARTED) {
    heapster__output_remove(&preparation.output, child.pid);
    exit(warn_of_failed_start(&child, options->program[0], options->output));
  }
  finish_report(&child, options, &preparation.output);
  heapster__child_end_like(child.status);
}

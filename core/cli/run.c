/* `heapster run`: a program from its start to its report. */
#include "run.h"

#include "environment.h"
#include "message.h"
#include "processes.h"
#include "reason.h"

#include "base/unwind.h"
#include "process/report_protocol.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct {
  const struct heapster__options *options;
  const char *format; /* as the protocol has it */
  const char *name;   /* of the program, without its folder */
  bool is_counted;    /* the library is preloaded */
  char library[PATH_MAX];
  struct heapster__program program;
  struct heapster__output output;
  struct heapster__session session;
  struct heapster__processes processes;
  struct heapster__child child;
} run;

static int prepare(void *unused, pid_t pid) {
  (void)unused;
  const int error = heapster__output_open_own(&run.output, pid);
  if (error || !run.is_counted) return error;
  heapster__session_note_main(&run.session);
  return heapster__environment_set(run.library, &run.session, &run.output, run.format, run.options, pid);
}

static void tick(void *unused) {
  (void)unused;
  heapster__processes_tick(&run.processes);
}

/* As often as snapshots come, or as processes may end and leave their pages. 0: nothing is done meanwhile. */
static uint64_t find_pause(void) {
  const uint64_t tenth = 100000000;
  const double every = run.output.is_repeated ? heapster__report_seconds(run.options->every) * 1e9 / 4 : 0;
  const uint64_t pause = every > 0 ? (uint64_t)every : 0;
  if (!run.output.is_per_process) return pause;
  return pause > 0 && pause < tenth ? pause : tenth;
}

/* As the words after --explain are when they are apart from it. */
static bool is_choice_of_callers(const char *program) {
  struct heapster__explain_choice choice;
  return run.options->explain && heapster__report_explain(program, &choice);
}

static int say_failed_exec(void) {
  const char *const program = run.options->program[0];
  if (run.program.unusable[0] && run.program.unusable_error == run.child.error)
    heapster__say("cannot run %s: its %s %s: %s", program, run.program.is_unusable_loader ? "loader" : "interpreter",
                  run.program.unusable, strerror(run.child.error));
  else if (is_choice_of_callers(program))
    heapster__say("cannot run %s: %s; a number of callers is written --explain=%s", program, strerror(run.child.error),
                  program);
  else
    heapster__say("cannot run %s: %s", program, strerror(run.child.error));
  return run.child.error == ENOENT ? HEAPSTER__NOT_FOUND : HEAPSTER__NOT_EXECUTABLE;
}

/* Prints one line; returns the status of env(1) for the same failure. */
static int say_failed_start(void) {
  const char *const error = strerror(run.child.error);
  if (run.child.failed == HEAPSTER__EXEC) return say_failed_exec();
  if (run.child.failed == HEAPSTER__PREPARE)
    heapster__say("cannot write %s: %s", run.options->output ? run.options->output : "the environment", error);
  else
    heapster__say("cannot start a process: %s", error);
  return HEAPSTER__FAILED;
}

/* "; FILE stays empty" where there is a file, and no device: the file of process `pid`, or for 0 the pattern. */
static void describe_file(char text[PATH_MAX + 32], pid_t pid) {
  char path[PATH_MAX];
  struct stat status;
  const bool is_device = run.output.target >= 0 && fstat(run.output.target, &status) == 0 && !S_ISREG(status.st_mode);
  const bool is_file = run.options->output && run.output.target != STDOUT_FILENO && !is_device;
  const char *const name = pid ? heapster__output_path(&run.output, pid, path) : run.output.name;
  snprintf(text, PATH_MAX + 32, is_file ? "; %s stays empty" : "%s", is_file ? name : "");
}

static void say_missing(void) {
  char reason[HEAPSTER__REASON_TEXT], file[PATH_MAX + 32];
  heapster__reason_find(reason, &run.processes.found, &run.program, &run.child);
  const bool had_started = heapster__load_relaxed(&run.processes.found.info.state) == HEAPSTER__PAGE_RUNNING;
  const bool has_hint = WIFSIGNALED(run.child.status) && had_started && !run.options->every;
  describe_file(file, run.child.pid);
  heapster__say("no report: %s %s%s%s", run.name, reason,
                has_hint ? " (--every SECONDS would have kept its last figures)" : "", file);
}

/* A snapshot must not look final. On standard error a reader of JSON finds the document alone, which says the same, and
   a reader of Prometheus text a comment. */
static void say_snapshot(void) {
  char reason[HEAPSTER__REASON_TEXT], time[HEAPSTER__TIME_TEXT], path[PATH_MAX];
  const bool is_on_stderr = run.output.target == STDERR_FILENO;
  if (is_on_stderr && !strcmp(run.format, "json")) return;
  if (is_on_stderr && !strcmp(run.format, "prometheus")) fputs("# ", stderr);
  heapster__reason_find(reason, &run.processes.found, &run.program, &run.child);
  heapster__time_text(time, run.processes.found.figures.time);
  heapster__say("%s %s: %s holds the last snapshot, of %s", run.name, reason,
                heapster__output_path(&run.output, run.processes.found.info.pid, path), time);
}

/* Figures from before an exec are another program's. */
static bool has_snapshot(const struct heapster__found *found) {
  return found->sequence && !heapster__load_relaxed(&found->info.is_executing);
}

static void finish_report(void) {
  char signal[HEAPSTER__SIGNAL_TEXT];
  const struct heapster__found *const found = &run.processes.found;
  const unsigned index = heapster__processes_find_main(&run.processes);
  if (heapster__found_is_final(found) || has_snapshot(found)) heapster__found_say_unsaid(found);
  if (heapster__found_is_final(found)) {
    heapster__processes_write(&run.processes, index, NULL);
  } else if (has_snapshot(found)) {
    if (WIFSIGNALED(run.child.status)) heapster__signal_text(signal, WTERMSIG(run.child.status));
    if (heapster__processes_write(&run.processes, index, WIFSIGNALED(run.child.status) ? signal : NULL)) say_snapshot();
  } else if (!heapster__output_is_written(&run.output, run.child.pid)) {
    say_missing();
  }
}

/* What is known before the start. */
static void say_uncounted(void) {
  char obstacle[HEAPSTER__REASON_TEXT], file[PATH_MAX + 32];
  describe_file(file, 0);
  if (heapster__program_is_foreign(&run.program)) {
    heapster__program_obstacle(&run.program, obstacle, sizeof obstacle);
    heapster__say("no report: %s %s: it runs uncounted%s", run.name, obstacle, file);
  } else {
    heapster__say("no report: %s; %s runs uncounted%s", run.session.problem, run.name, file);
  }
}

/* The program's library finds out for itself, and mostly the same. */
static void say_depth(void) {
  const char *const problem =
      run.options->explain && run.options->has_depth ? heapster__unwinder_problem(heapster__unwinder_prepare()) : NULL;
  if (problem) heapster__say("no frames above the callers: %s", problem);
}

static void open_all(void) {
  if (!heapster__output_open(&run.output, run.options)) exit(HEAPSTER__FAILED);
  heapster__program_inspect(&run.program, run.options->program[0], true);
  run.is_counted = !heapster__program_is_foreign(&run.program);
  if (run.is_counted && !heapster__environment_find_library(run.library)) exit(HEAPSTER__FAILED);
  if (run.is_counted) run.is_counted = heapster__session_open(&run.session, run.output.is_per_process);
  if (!run.is_counted && !run.program.unusable[0]) say_uncounted();
  if (run.is_counted) say_depth();
}

_Noreturn void heapster__run(const struct heapster__options *options) {
  run.options = options;
  run.format = options->is_verbose ? "verbose" : options->format;
  run.name = heapster__base_name(options->program[0]);
  run.session.file = run.session.spare = -1;
  open_all();
  run.processes.session = &run.session;
  run.processes.output = &run.output;
  run.processes.format = run.format;
  const struct heapster__child_calls calls = {prepare, tick, run.is_counted ? find_pause() : 0, NULL};
  heapster__child_run(&run.child, options->program, &calls);
  if (run.child.failed != HEAPSTER__STARTED) {
    heapster__output_remove(&run.output, run.child.pid);
    heapster__session_remove(&run.session);
    exit(say_failed_start());
  }
  if (run.is_counted) finish_report();
  if (run.is_counted && run.output.is_per_process) heapster__processes_finish(&run.processes);
  heapster__session_remove(&run.session);
  heapster__child_end_like(run.child.status);
}

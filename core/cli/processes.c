/* The reports of all processes of a program. */
#include "processes.h"

#include "message.h"
#include "reason.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* So many lines of one kind, then a number. */
enum { NAMED = 5 };

static void say_failed(struct heapster__processes *processes, pid_t pid) {
  char path[PATH_MAX];
  struct stat status;
  const int error = errno;
  const char *const name = heapster__output_path(processes->output, pid, path);
  const bool is_other =
      error == ESTALE || (processes->output->target < 0 && !lstat(name, &status) && !S_ISREG(status.st_mode));
  if (processes->failed_count++ >= NAMED) return;
  heapster__say("cannot write the report to %s: %s", name, is_other ? "it is another file by now" : strerror(error));
}

bool heapster__processes_write(struct heapster__processes *processes, unsigned index, const char *killed_by) {
  const struct heapster__found *const found = &processes->found;
  const pid_t pid = found->info.pid;
  const int file = heapster__output_begin(processes->output, pid);
  const bool is_whole = file >= 0 && heapster__found_write(found, index, processes->format, killed_by, file);
  processes->written[index] = found->sequence;
  if (file >= 0 && heapster__output_finish(processes->output, pid, file, is_whole)) return true;
  say_failed(processes, pid);
  return false;
}

/* A process that nobody has waited for yet has ended as well. */
static bool has_ended(int32_t pid) {
  char path[64], text[512];
  snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return errno == ENOENT;
  const ssize_t length = read(file, text, sizeof text - 1);
  const bool is_gone = length < 0 && errno == ESRCH;
  close(file);
  text[length > 0 ? length : 0] = '\0';
  const char *const name_end = strrchr(text, ')');
  return is_gone || (name_end && (name_end[2] == 'Z' || name_end[2] == 'X'));
}

static enum heapster__page_state state_of(const struct heapster__found *found) {
  return (enum heapster__page_state)heapster__load_relaxed(&found->info.state);
}

/* The page of a process that ended without passing the library, and has no figures. The first ones are named. */
static void note_missing(struct heapster__processes *processes) {
  const struct heapster__page_info *const info = &processes->found.info;
  char reason[HEAPSTER__REASON_TEXT];
  if (processes->missing_count++ >= NAMED) return;
  heapster__reason_find_unwaited(reason, &processes->found);
  heapster__say("no report from process %ld: %s %s", (long)info->pid, info->program, reason);
}

/* A snapshot must not look final. */
static void say_snapshot(struct heapster__processes *processes) {
  const struct heapster__page_info *const info = &processes->found.info;
  char reason[HEAPSTER__REASON_TEXT], time[HEAPSTER__TIME_TEXT], path[PATH_MAX];
  if (processes->snapshot_count++ >= NAMED) return;
  heapster__reason_find_unwaited(reason, &processes->found);
  heapster__time_text(time, processes->found.figures.time);
  heapster__say("process %ld: %s %s: %s holds the last snapshot, of %s", (long)info->pid, info->program, reason,
                heapster__output_path(processes->output, info->pid, path), time);
}

/* A process that found nobody waiting, after heapster__session_close, has written its report itself. */
static bool is_done(const struct heapster__processes *processes) {
  return state_of(&processes->found) == HEAPSTER__PAGE_LEFT &&
         heapster__output_is_written(processes->output, processes->found.info.pid);
}

/* Writes the report of a process that has ended, and frees its page. Figures from before an exec are another program's.
 */
static void write_ended(struct heapster__processes *processes, unsigned index) {
  const struct heapster__found *const found = &processes->found;
  if (!heapster__found_read(&processes->found, processes->session, index) || is_done(processes)) return;
  if (found->sequence && found->info.pid > 0 && !heapster__load_relaxed(&found->info.is_executing)) {
    heapster__found_say_unsaid(found);
    if (heapster__processes_write(processes, index, NULL) && !heapster__found_is_final(found)) say_snapshot(processes);
  } else if (state_of(found) != HEAPSTER__PAGE_NEW &&
             !heapster__output_is_written(processes->output, found->info.pid)) {
    note_missing(processes);
  }
  heapster__session_release(processes->session, index);
}

static void write_snapshot(struct heapster__processes *processes, unsigned index) {
  const struct heapster__found *const found = &processes->found;
  if (!processes->output->is_repeated || !heapster__found_read(&processes->found, processes->session, index)) return;
  if (found->sequence && found->sequence != processes->written[index] && state_of(found) == HEAPSTER__PAGE_RUNNING)
    heapster__processes_write(processes, index, NULL);
}

/* The process of a page other than the program itself; 0 if it is free. */
static int32_t find_claimant(const struct heapster__processes *processes, unsigned index) {
  const struct heapster__page_head *const head = processes->session->head;
  const uint32_t pid = head ? heapster__load_acquire(&head->claims[index]) : 0; /* pairs with the swap of the claim */
  const bool is_main = head && pid == heapster__load_relaxed(&head->main_pid);
  return is_main || pid > INT32_MAX ? 0 : (int32_t)pid;
}

/* Whether it has ended is asked first: its page is final then. */
void heapster__processes_tick(struct heapster__processes *processes) {
  if (!processes->output->is_per_process) {
    write_snapshot(processes, 0);
    return;
  }
  for (unsigned i = 0; i < processes->session->page_count; i++) {
    const int32_t pid = find_claimant(processes, i);
    if (pid && has_ended(pid))
      write_ended(processes, i);
    else if (processes->session->head && heapster__load_relaxed(&processes->session->head->claims[i]))
      write_snapshot(processes, i);
  }
}

static void say_more(const char *what, unsigned count) {
  if (count > NAMED) heapster__say("%s %u more %s", what, count - NAMED, count - NAMED > 1 ? "processes" : "process");
}

void heapster__processes_finish(struct heapster__processes *processes) {
  heapster__session_close(processes->session);
  for (unsigned i = 0; i < processes->session->page_count; i++) {
    const int32_t pid = find_claimant(processes, i);
    if (pid && (has_ended(pid) || !heapster__session_leave(processes->session, i))) write_ended(processes, i);
  }
  say_more("no report from", processes->missing_count);
  say_more("cannot write the reports of", processes->failed_count);
  say_more("the last snapshots are the reports of", processes->snapshot_count);
}

static bool is_main(struct heapster__processes *processes, unsigned index) {
  const struct heapster__page_head *const head = processes->session->head;
  return heapster__load_acquire(&head->claims[index]) == heapster__load_relaxed(&head->main_pid) &&
         heapster__found_read(&processes->found, processes->session, index) &&
         state_of(&processes->found) != HEAPSTER__PAGE_NEW;
}

unsigned heapster__processes_find_main(struct heapster__processes *processes) {
  unsigned index = 0;
  if (processes->output->is_per_process && processes->session->head) {
    while (index < processes->session->page_count && !is_main(processes, index)) index++;
  }
  if (index < processes->session->page_count && heapster__found_read(&processes->found, processes->session, index))
    return index;
  memset(&processes->found.info, 0, sizeof processes->found.info);
  processes->found.sequence = 0;
  return 0;
}

/* The program: its start, the wait for its end, and an end of this process in the same way. */
#include "child.h"

#include "process/page.h"
#include "signals.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* What a child that could not exec the program sends through the pipe. */
struct failure {
  enum heapster__step step;
  int error;
};

static _Noreturn void send_failure(int pipe, struct failure failure) {
  const ssize_t unused = write(pipe, &failure, sizeof failure);
  (void)unused;
  _exit(1);
}

/* exec closes the pipe, which reads as no failure. */
static struct failure receive_failure(int pipe) {
  struct failure failure = {HEAPSTER__STARTED, 0};
  ssize_t length;
  do length = read(pipe, &failure, sizeof failure);
  while (length < 0 && errno == EINTR);
  return failure;
}

static bool has_ended(pid_t pid, int flags) {
  siginfo_t info = {0};
  int result;
  do result = waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT | flags);
  while (result < 0 && errno == EINTR);
  return result < 0 || info.si_pid;
}

/* Until the program ends, at most `pause` nanoseconds. Where the system has no such descriptors, shorter. */
static void wait_a_while(int descriptor, uint64_t pause) {
  enum { SHORT = 10 * 1000 * 1000 };
  if (descriptor < 0 && pause > SHORT) pause = SHORT;
  const struct timespec time = {(time_t)(pause / 1000000000), (long)(pause % 1000000000)};
  struct pollfd ended = {.fd = descriptor, .events = POLLIN};
  ppoll(&ended, descriptor >= 0, &time, NULL);
}

static void wait_for_end(pid_t pid, const struct heapster__child_calls *calls) {
  const int descriptor = calls->pause ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
  while (calls->pause && !has_ended(pid, WNOHANG)) {
    wait_a_while(descriptor, calls->pause);
    calls->tick(calls->context);
  }
  if (!calls->pause) has_ended(pid, 0);
  if (descriptor >= 0) close(descriptor);
}

/* As long as its end has not been collected, the system still knows this of it. In a namespace of process ids /proc may
   be that of another one, where the number is another process's. */
static void look_at_last_name(struct heapster__child *child) {
  char path[64];
  if (heapster__page_find_outer_pid() != (int32_t)getpid()) return;
  snprintf(path, sizeof path, "/proc/%ld/comm", (long)child->pid);
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  const ssize_t length = file < 0 ? 0 : read(file, child->last_name, sizeof child->last_name - 1);
  if (file >= 0) close(file);
  child->last_name[length > 0 ? length : 0] = '\0';
  child->last_name[strcspn(child->last_name, "\n")] = '\0';
}

/* Forwarding stops before the process id is released: afterwards it may be another process's. */
static void collect(struct heapster__child *child) {
  heapster__signals_forward_to(0);
  while (waitpid(child->pid, &child->status, 0) < 0 && errno == EINTR) continue;
}

static void supervise(struct heapster__child *child, int pipe, const struct heapster__child_calls *calls) {
  heapster__signals_forward_to(child->pid);
  const struct failure failure = receive_failure(pipe);
  child->failed = failure.step;
  child->error = failure.error;
  if (failure.step == HEAPSTER__STARTED) wait_for_end(child->pid, calls);
  look_at_last_name(child);
  collect(child);
}

void heapster__child_run(struct heapster__child *child, char *const *program,
                         const struct heapster__child_calls *calls) {
  int ends[2];
  *child = (struct heapster__child){.failed = HEAPSTER__FORK};
  heapster__signals_install();
  if (pipe2(ends, O_CLOEXEC) < 0 || (child->pid = fork()) < 0) {
    child->error = errno;
    return;
  }
  if (!child->pid) {
    heapster__signals_restore();
    const int error = calls->prepare(calls->context, getpid());
    if (error) send_failure(ends[1], (struct failure){HEAPSTER__PREPARE, error});
    execvp(program[0], program);
    send_failure(ends[1], (struct failure){HEAPSTER__EXEC, errno});
  }
  close(ends[1]);
  supervise(child, ends[0], calls);
  close(ends[0]);
}

/* Without a core file: the program left its own, if one was wanted. */
static void die_by_signal(int signal) {
  sigset_t only;
  setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
  sigaction(signal, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
  sigemptyset(&only);
  sigaddset(&only, signal);
  kill(getpid(), signal);
  sigprocmask(SIG_UNBLOCK, &only, NULL);
}

_Noreturn void heapster__child_end_like(int status) {
  if (!WIFSIGNALED(status)) _exit(WEXITSTATUS(status));
  die_by_signal(WTERMSIG(status));
  _exit(128 + WTERMSIG(status));
}

/* The program: its start, the wait for its end, and an end of this process in the same way. */
#include "child.h"

#include "signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
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

/* Forwarding stops before the process id is released: afterwards it may be another process's. */
static int wait_for(pid_t pid) {
  siginfo_t info;
  int status = 0;
  while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) < 0 && errno == EINTR) continue;
  heapster__signals_forward_to(0);
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
  return status;
}

static void supervise(struct heapster__child *child, int pipe) {
  heapster__signals_forward_to(child->pid);
  const struct failure failure = receive_failure(pipe);
  child->failed = failure.step;
  child->error = failure.error;
  child->status = wait_for(child->pid);
}

void heapster__child_run(struct heapster__child *child, char *const *program,
                         int (*prepare)(const void *context, pid_t pid), const void *context) {
  int ends[2];
  *child = (struct heapster__child){.failed = HEAPSTER__FORK};
  heapster__signals_install();
  if (pipe2(ends, O_CLOEXEC) < 0 || (child->pid = fork()) < 0) {
    child->error = errno;
    return;
  }
  if (!child->pid) {
    heapster__signals_restore();
    const int error = prepare(context, getpid());
    if (error) send_failure(ends[1], (struct failure){HEAPSTER__PREPARE, error});
    execvp(program[0], program);
    send_failure(ends[1], (struct failure){HEAPSTER__EXEC, errno});
  }
  close(ends[1]);
  supervise(child, ends[0]);
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

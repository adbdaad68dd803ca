/* Signals while the program runs. */
#include "signals.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>

/* The only state that a signal handler can see. */
static volatile sig_atomic_t target;

/* What the terminal or the kernel sends reaches the program without us. */
static void pass_on(int signal, siginfo_t *info, void *unused) {
  (void)unused;
  const int error = errno;
  if (target != 0 && info->si_code <= 0) kill((pid_t)target, signal);
  errno = error;
}

enum treatment { IGNORED, DEFAULT, PASSED_ON };

/* SIGCHLD: were it ignored, there would be no status to wait for. SIGPIPE and SIGXFSZ: an output that breaks
   must not change how the command ends. */
static const struct {
  int signal;
  enum treatment treatment;
} taken[] = {{SIGINT, IGNORED},    {SIGQUIT, IGNORED},  {SIGPIPE, IGNORED},   {SIGXFSZ, IGNORED},  {SIGCHLD, DEFAULT},
             {SIGTERM, PASSED_ON}, {SIGHUP, PASSED_ON}, {SIGUSR1, PASSED_ON}, {SIGUSR2, PASSED_ON}};

enum { TAKEN = sizeof taken / sizeof taken[0] };

/* As the command found them. */
static struct sigaction actions_before[TAKEN];
static sigset_t mask_before;

static void hold_passed_on(void) {
  sigset_t held;
  sigemptyset(&held);
  for (size_t i = 0; i < TAKEN; i++) {
    if (taken[i].treatment == PASSED_ON) sigaddset(&held, taken[i].signal);
  }
  sigprocmask(SIG_BLOCK, &held, &mask_before);
}

/* A signal that we were started to ignore (nohup) stays ignored. */
static void treat(int signal, enum treatment treatment, const struct sigaction *before) {
  struct sigaction action = {.sa_handler = treatment == IGNORED ? SIG_IGN : SIG_DFL};
  if (treatment == PASSED_ON) {
    if (before->sa_handler == SIG_IGN) return;
    action.sa_sigaction = pass_on;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
  }
  sigaction(signal, &action, NULL);
}

void heapster__signals_take(void) {
  hold_passed_on();
  for (size_t i = 0; i < TAKEN; i++) {
    sigaction(taken[i].signal, NULL, &actions_before[i]);
    treat(taken[i].signal, taken[i].treatment, &actions_before[i]);
  }
}

void heapster__signals_restore(void) {
  for (size_t i = 0; i < TAKEN; i++) sigaction(taken[i].signal, &actions_before[i], NULL);
  sigprocmask(SIG_SETMASK, &mask_before, NULL);
}

void heapster__signals_pass_to(pid_t pid) {
  target = pid;
  sigprocmask(SIG_SETMASK, &mask_before, NULL);
}

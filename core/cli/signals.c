/* Signals while the program runs. */
#include "signals.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>

/* The only state that the signal handler reads. */
static volatile sig_atomic_t target;

/* Not what the terminal or the kernel sends: that reaches the program anyway. */
static void forward(int signal, siginfo_t *info, void *unused) {
  (void)unused;
  const int error = errno;
  if (target && info->si_code <= 0) kill((pid_t)target, signal);
  errno = error;
}

enum treatment { IGNORED, DEFAULT, FORWARDED };

/* SIGCHLD, if ignored, would leave no status to wait for. SIGPIPE and SIGXFSZ: an output that breaks must not change
   how the command ends. */
static const struct {
  int signal;
  enum treatment treatment;
} rules[] = {{SIGINT, IGNORED},    {SIGQUIT, IGNORED},  {SIGPIPE, IGNORED},   {SIGXFSZ, IGNORED},  {SIGCHLD, DEFAULT},
             {SIGTERM, FORWARDED}, {SIGHUP, FORWARDED}, {SIGUSR1, FORWARDED}, {SIGUSR2, FORWARDED}};

enum { RULES = sizeof rules / sizeof rules[0] };

/* As the command found them. */
static struct sigaction actions_before[RULES];
static sigset_t mask_before;

static void block_forwarded(void) {
  sigset_t blocked;
  sigemptyset(&blocked);
  for (size_t i = 0; i < RULES; i++) {
    if (rules[i].treatment == FORWARDED) sigaddset(&blocked, rules[i].signal);
  }
  sigprocmask(SIG_BLOCK, &blocked, &mask_before);
}

/* A signal that is ignored already (nohup) stays ignored. */
static void set_action(int signal, enum treatment treatment, const struct sigaction *before) {
  struct sigaction action = {.sa_handler = treatment == IGNORED ? SIG_IGN : SIG_DFL};
  if (treatment == FORWARDED) {
    if (before->sa_handler == SIG_IGN) return;
    action.sa_sigaction = forward;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
  }
  sigaction(signal, &action, NULL);
}

void heapster__signals_install(void) {
  block_forwarded();
  for (size_t i = 0; i < RULES; i++) {
    sigaction(rules[i].signal, NULL, &actions_before[i]);
    set_action(rules[i].signal, rules[i].treatment, &actions_before[i]);
  }
}

void heapster__signals_restore(void) {
  for (size_t i = 0; i < RULES; i++) sigaction(rules[i].signal, &actions_before[i], NULL);
  sigprocmask(SIG_SETMASK, &mask_before, NULL);
}

void heapster__signals_forward_to(pid_t pid) {
  target = pid;
  sigprocmask(SIG_SETMASK, &mask_before, NULL);
}

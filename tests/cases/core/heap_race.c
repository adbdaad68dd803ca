/* A host thread makes a heap while another thread hooks Python for the first time, as `import heapster` does. The hook
   is stopped after each of its instructions; in a child of that moment the other thread makes the heap "mine", and the
   hook goes on to its end. Each time "mine" is found afterwards, and the next heap is another one. */
#include <fcntl.h>
#include <heapster/heapster.h>
#include <heapster/modules.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "../../core/trap.h"
#include "verdict.h"

static _Atomic int host_thread; /* its number, once it goes */
static _Atomic bool is_made;
static bool is_child;
static int stops, lost;
static pthread_t host;
static struct heapster_heap *mine;

static void *make_heap(void *unused) {
  (void)unused;
  host_thread = (int)syscall(SYS_gettid);
  heapster_heap_create("mine", NULL, &mine);
  heapster_heap_free(mine, heapster_heap_malloc(mine, 100));
  is_made = true;
  return NULL;
}

/* Whether the thread sleeps: it waits for a lock that the stopped hook holds. */
static bool is_asleep(int thread) {
  char path[64], text[256];
  snprintf(path, sizeof path, "/proc/self/task/%d/stat", thread);
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  const ssize_t length = read(file, text, sizeof text - 1);
  close(file);
  text[length > 0 ? length : 0] = '\0';
  const char *end = strrchr(text, ')');
  return end && end[1] == ' ' && end[2] == 'S';
}

static void let_host_go(void) {
  is_child = true;
  must(!pthread_create(&host, NULL, make_heap, NULL));
  while (!is_made && !(host_thread && is_asleep(host_thread))) sched_yield();
}

/* After every instruction. The child goes on without stops. */
static void stop(int number, siginfo_t *info, void *context) {
  (void)number, (void)info;
  const pid_t child = fork();
  must(child >= 0);
  if (child == 0) {
#ifdef __x86_64__
    ((ucontext_t *)context)->uc_mcontext.gregs[REG_EFL] &= ~0x100LL;
#else
    (void)context;
#endif
    let_host_go();
    return;
  }
  int status = 0;
  must(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) < 2);
  lost += WEXITSTATUS(status);
  stops++;
}

/* The child's status: 1 where the heap is lost. */
static int judge(void) {
  struct heapster_heap *second = NULL;
  pthread_join(host, NULL);
  const bool is_found = heapster_heap_find("mine") == mine;
  heapster_heap_create("second", NULL, &second);
  return is_found && second && second != mine ? 0 : 1;
}

/* The loader's own instructions are no part of the hook. */
static void bind_now(char **argv) {
  if (getenv("LD_BIND_NOW")) return;
  must(!setenv("LD_BIND_NOW", "1", 1));
  execv("/proc/self/exe", argv);
  must(false);
}

int main(int argc, char **argv) {
  (void)argc;
  bind_now(argv);
  struct sigaction action = {.sa_sigaction = stop, .sa_flags = SA_SIGINFO};
  must(!sigaction(SIGTRAP, &action, NULL));
  trap_every_instruction();
  const enum heapster_error error = heapster_python_hook();
  trap_no_more();
  if (is_child) _exit(judge());
  must(!error);
  if (stops == 0) {
    puts("not run: needs a processor with a trap flag");
    return 0;
  }
  return verdict(lost == 0, "lost at %d of %d points", lost, stops);
}

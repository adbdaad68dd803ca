/* Makes a child of which no library hears: by a bare fork, which then allocates 1 MiB and ends by _exit; or by vfork,
   which ends by _exit at once. Then ends: by returning 4, or by SIGKILL. Usage: bare_children fork|vfork return|kill

   bare_children wipes ends with 0 if the system keeps its word to wipe a page for the child of a fork. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int wipes_for_child(void) {
  int *page = mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  int status = 0;
  if (page == MAP_FAILED || madvise(page, 1, 18)) return 0; /* MADV_WIPEONFORK, which it does not promise */
  *page = 1;
  if (!fork()) _exit(*page);
  return wait(&status) < 0 || status;
}

static pid_t fork_bare(void) {
#if defined(__s390x__) /* the stack comes first */
  const pid_t child = (pid_t)syscall(SYS_clone, NULL, SIGCHLD, NULL, NULL, NULL);
#else
  const pid_t child = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
#endif
  if (child == 0) {
    free(malloc(1 << 20));
    _exit(3);
  }
  return child;
}

static pid_t fork_shared(void) {
  const pid_t child = vfork(); /* NOLINT: what is tested */
  if (child == 0) _exit(3);
  return child;
}

int main(int count, char **words) {
  if (count == 2 && strcmp(words[1], "wipes") == 0) return wipes_for_child();
  if (count < 3) return 1;
  free(malloc(100));
  const pid_t child = strcmp(words[1], "vfork") == 0 ? fork_shared() : fork_bare();
  waitpid(child, NULL, 0);
  if (strcmp(words[2], "kill") == 0) kill(getpid(), SIGKILL);
  return 4;
}

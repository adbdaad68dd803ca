/* The smallest programs that do here what they do not under qemu-user. Status 0: done. emulated NAME */
#define _GNU_SOURCE
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* A filter that allows every system call is accepted. */
static int seccomp(void) {
  struct sock_filter filter[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  const struct sock_fprog program = {1, filter};
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

/* With a limit of the address space, a mapping that is larger is refused. */
static int address_space(void) {
  setrlimit(RLIMIT_AS, &(struct rlimit){1 << 28, 1 << 28});
  return mmap(NULL, 1 << 30, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
}

/* A page that is to be wiped for the child of a fork is wiped. */
static int wipe_on_fork(void) {
  int *page = mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  int status = 0;
  if (page == MAP_FAILED || madvise(page, 1, MADV_WIPEONFORK)) return 1;
  *page = 1;
  if (!fork()) _exit(*page);
  return wait(&status) < 0 || status;
}

int main(int count, char **words) {
  if (count == 2 && !strcmp(words[1], "seccomp")) return seccomp() != 0;
  if (count == 2 && !strcmp(words[1], "address_space")) return address_space();
  if (count == 2 && !strcmp(words[1], "wipe_on_fork")) return wipe_on_fork();
  return 2;
}

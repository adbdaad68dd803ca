/* Forbids itself all system calls but write and exit_group, on pain of death or with an error (its argument: kill or
   errno), allocates, writes "done" and ends in the way of its second argument: return, _exit. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ALLOW(number) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

static int forbid(unsigned otherwise) {
  struct sock_filter filter[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
                                 ALLOW(SYS_write), ALLOW(SYS_exit_group), BPF_STMT(BPF_RET | BPF_K, otherwise)};
  struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

int main(int count, char **words) {
  if (count < 3) return 1;
  free(malloc(100000)); /* the allocator has memory now */
  const int is_deadly = strcmp(words[1], "kill") == 0;
  if (forbid(is_deadly ? SECCOMP_RET_KILL_PROCESS : SECCOMP_RET_ERRNO | EPERM)) return 77;
  for (size_t i = 0; i < 1000; i++) free(malloc(100 + i % 100));
  if (write(1, "done\n", 5) != 5) return 4;
  if (strcmp(words[2], "_exit") == 0) _exit(3);
  return 3;
}

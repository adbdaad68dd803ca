#!/bin/sh
# Why there is no report: the reason that `heapster run` gives is the true one, and the program's end stays what it is.
# usage: no_report_reasons.sh tmpdir|disk|fsize|seccomp_errno|seccomp_kill|musl
. "$LIBRARY/verdict.sh"

full_disk() { # a folder "full", in a mount namespace of this script's own
  mkdir full || exit 1
  mount -t tmpfs -o size=16k tmpfs full || cannot_run 'needs a mount namespace'
  dd if=/dev/zero of=full/filler bs=1k count=64 2>/dev/null
}

in_namespace() {
  [ "${NAMESPACE-}" ] && return
  if [ "$(id -u)" -eq 0 ]; then options=-m; else options=-rm; fi
  unshare $options true 2>/dev/null || cannot_run 'needs a mount namespace'
  NAMESPACE=1 exec unshare $options sh "$0" "$@"
}

compile_sandboxed() {
  cat >sandboxed.c <<'C'
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ALLOW(number) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

/* A strict sandbox: memory, read and write, nothing else; what is not allowed fails, or kills. */
int main(int argc, char **argv) {
  const unsigned otherwise = argc > 1 && argv[1][0] == 'k' ? SECCOMP_RET_KILL_PROCESS : SECCOMP_RET_ERRNO | EPERM;
  struct sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      ALLOW(SYS_read), ALLOW(SYS_write), ALLOW(SYS_exit), ALLOW(SYS_exit_group), ALLOW(SYS_rt_sigreturn),
      ALLOW(SYS_brk), ALLOW(SYS_mmap), ALLOW(SYS_munmap),
      BPF_STMT(BPF_RET | BPF_K, otherwise)};
  struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
  free(malloc(1)); /* the allocator's own start needs more than the sandbox allows */
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)) return 3;
  for (size_t i = 0; i < 1000; i++) free(malloc(100 + i));
  return write(1, "done\n", 5) == 5 ? 0 : 4;
}
C
  "$CC" -fno-builtin sandboxed.c -o sandboxed || exit 1
  ./sandboxed "$1" >/dev/null
  case $? in 0) ;; 3) cannot_run 'needs seccomp' ;; *) exit 1 ;; esac
}

case $1 in
  tmpdir)
    in_namespace "$@"
    full_disk
    TMPDIR=$PWD/full heapster run -- ls / >/dev/null 2>said || exit 1
    if grep -q '^alloc_count: ' said; then right 'a report'; fi
    expect "$(cat said)" 'no space left'
    ;;
  disk)
    in_namespace "$@"
    full_disk
    heapster run -o 'full/%p.json' -f json -- ls / >/dev/null 2>said
    expect "$(cat said)" 'no space left'
    ;;
  fsize)
    (ulimit -f 0; exec heapster run -- ls / 2>&1 >/dev/null) | cat >said
    if grep -q '^alloc_count: ' said; then right 'a report'; fi
    expect "$(cat said)" 'file too large|file size limit|ulimit'
    ;;
  seccomp_errno)
    compile_sandboxed errno
    heapster run -- ./sandboxed errno >/dev/null 2>said
    status=$?
    [ "$status" -eq 0 ] || wrong "status $status"
    if grep -q '^alloc_count: ' said; then right 'a report'; fi
    expect "$(cat said)" 'operation not permitted|seccomp'
    ;;
  seccomp_kill)
    compile_sandboxed kill
    (heapster run -- ./sandboxed kill) >/dev/null 2>said
    status=$?
    if [ "$status" -eq 0 ]; then right 'status 0'; fi
    wrong "status $status: $(head -n 1 said)"
    ;;
  musl)
    cat >program.c <<'C'
#include <stdlib.h>
int main(void) {
  void *volatile block = malloc(10);
  free(block);
  return 0;
}
C
    musl-gcc program.c -o program && ./program || exit 1
    heapster run -- ./program >/dev/null 2>said
    status=$?
    [ "$status" -eq 0 ] || wrong "status $status: $(tail -n 1 said)"
    expect "$(cat said)" 'musl|another C library'
    ;;
esac

/* The processor's trap flag: while it is set, every instruction of the calling thread raises SIGTRAP. The handler runs
   without the flag. On other processors, under valgrind and in emulators there are no signals. */
#ifndef TESTS_TRAP_H
#define TESTS_TRAP_H

#include <ucontext.h>

/* The stack pointer skips the 128 bytes below it for the push: they may be in use. */
#if defined(__x86_64__)
static inline void trap_every_instruction(void) {
  __asm__ volatile("lea -128(%%rsp), %%rsp\n pushfq\n orq $0x100, (%%rsp)\n popfq\n lea 128(%%rsp), %%rsp" ::
                       : "cc", "memory");
}

static inline void trap_no_more(void) {
  __asm__ volatile("lea -128(%%rsp), %%rsp\n pushfq\n andq $-0x101, (%%rsp)\n popfq\n lea 128(%%rsp), %%rsp" ::
                       : "cc", "memory");
}

/* From the handler, with its third argument: no instruction after it is trapped. */
static inline void trap_no_more_after(void *context) {
  ((ucontext_t *)context)->uc_mcontext.gregs[REG_EFL] &= ~0x100LL;
}
#else
static inline void trap_every_instruction(void) {}
static inline void trap_no_more(void) {}
static inline void trap_no_more_after(void *context) { (void)context; }
#endif

#endif

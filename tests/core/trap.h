/* The processor's trap flag: while it is set, SIGTRAP comes after every single instruction of the calling thread. Its
   handler runs without it. Where nobody traps (other processors, valgrind, an emulator) nothing comes. */
#ifndef TESTS_TRAP_H
#define TESTS_TRAP_H

/* Around the push, the stack pointer leaves the 128 bytes below it alone: they may be in use. */
#if defined(__x86_64__)
static inline void trap_every_instruction(void) {
  __asm__ volatile("lea -128(%%rsp), %%rsp\n pushfq\n orq $0x100, (%%rsp)\n popfq\n lea 128(%%rsp), %%rsp" ::
                       : "cc", "memory");
}

static inline void trap_no_more(void) {
  __asm__ volatile("lea -128(%%rsp), %%rsp\n pushfq\n andq $-0x101, (%%rsp)\n popfq\n lea 128(%%rsp), %%rsp" ::
                       : "cc", "memory");
}
#else
static inline void trap_every_instruction(void) {}
static inline void trap_no_more(void) {}
#endif

#endif

/* What the law programs share: dice whose rolls can be repeated, and an end that says which law went red. */
#ifndef TESTS_SUPPORT_H
#define TESTS_SUPPORT_H

#include <heapster/base.h>

#include <pthread.h>
#include <stdint.h>

/* A xorshift64* generator: the same seed gives the same program on every machine. */
struct dice {
  uint64_t state;
};

struct dice dice_make(uint64_t seed);
uint64_t dice_roll(struct dice *dice);

/* 0 .. bound - 1; `bound` is not 0. */
uint64_t dice_below(struct dice *dice, uint64_t bound);

/* Where a run is: printed when it dies, so that it can be repeated. */
struct run {
  uint64_t seed;
  uint64_t step;
};

extern struct run support_run;

/* argv[index] as a number, or `otherwise` where there is none. */
uint64_t argument(int argc, char **argv, int index, uint64_t otherwise);

/* Whether each thread has counters of its own: else there is no thread scope, no foreign count, no inner layer. */
bool is_sharded(void);

/* ThreadSanitizer follows neither requests after its own end of a thread nor threads in the child of a fork, and holds
   locks inside an atomic operation, where a signal handler of ours may not come back to it. */
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define UNDER_TSAN 1
#endif
#elif defined(__SANITIZE_THREAD__)
#define UNDER_TSAN 1
#endif
#ifndef UNDER_TSAN
#define UNDER_TSAN 0
#endif
enum { IS_UNDER_TSAN = UNDER_TSAN };

/* Says on stdout that a law was not tested here, and why. Answers the exit status, 0. */
int skipped(const char *reason);

/* Dies if no thread can be had. */
void start_thread(pthread_t *thread, void *(*run)(void *), void *context);

/* Prints the law, the sentence, seed and step, and ends the process with status 1. */
_Noreturn void die(const char *law, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The law that broke is the function that required. */
#define require(condition, ...) ((condition) ? (void)0 : die(__func__, __VA_ARGS__))

#define require_error(expected, call) require_same_error(__func__, #call, (expected), (call))
#define require_ok(call) require_error(HEAPSTER_OK, call)

void require_same_error(const char *law, const char *call, enum heapster_error expected, enum heapster_error found);

#endif

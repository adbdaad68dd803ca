/* Shared by the law programs: repeatable dice, and an end that names the law that failed. */
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

/* The position in a run, printed when it dies, so that it can be repeated. */
struct run {
  uint64_t seed;
  uint64_t step;
};

extern struct run support_run;

/* argv[index] as a number, or `otherwise` where there is none. */
uint64_t argument(int argc, char **argv, int index, uint64_t otherwise);

/* Whether each thread has counters of its own. If not, there is no thread scope, no foreign count, no re-entry guard.
 */
bool is_sharded(void);

/* ThreadSanitizer follows neither requests after its own end of a thread nor threads in the child of a fork. It holds
   locks inside an atomic operation, which a signal handler must not re-enter. */
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

/* Prints that a law was not tested here, and why. Returns the exit status, 0. */
int skip_law(const char *reason);

/* Dies if no thread can be started. */
void start_thread(pthread_t *thread, void *(*run)(void *), void *context);

/* Prints the law, the sentence, seed and step, and ends the process with status 1. */
_Noreturn void die(const char *law, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Dies unless the condition holds. The law is the name of the calling function. */
#define require(condition, ...) ((condition) ? (void)0 : die(__func__, __VA_ARGS__))

#define require_error(expected, call) require_same_error(__func__, #call, (expected), (call))
#define require_ok(call) require_error(HEAPSTER_OK, call)

void require_same_error(const char *law, const char *call, enum heapster_error expected, enum heapster_error found);

#endif

/* Preconditions that test builds check (-DHEAPSTER_ASSERTIONS=ON). In other builds they cost nothing. */
#ifndef HEAPSTER__BASE_ASSERT_H
#define HEAPSTER__BASE_ASSERT_H

#ifdef HEAPSTER_ASSERTIONS
/* Writes one line to stderr without allocating, and aborts. */
_Noreturn void heapster__assertion_failed(const char *condition, const char *file, int line);
#define HEAPSTER__ASSERT(condition) ((condition) ? (void)0 : heapster__assertion_failed(#condition, __FILE__, __LINE__))
#else
#define HEAPSTER__ASSERT(condition) ((void)sizeof(condition))
#endif

#endif

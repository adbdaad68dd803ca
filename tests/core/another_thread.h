/* Runs a function on another thread and waits for its end. */
#ifndef TESTS_ANOTHER_THREAD_H
#define TESTS_ANOTHER_THREAD_H

#include "cmocka_test.h"

#include <pthread.h>

/* Returns what `run` returned. */
static inline void *on_another_thread(void *(*run)(void *), void *context) {
  pthread_t thread;
  void *result = NULL;
  assert_int_equal(pthread_create(&thread, NULL, run, context), 0);
  pthread_join(thread, &result);
  return result;
}

#endif

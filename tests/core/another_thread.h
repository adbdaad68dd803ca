/* Something that another thread does, from its begin to its end. */
#ifndef TESTS_ANOTHER_THREAD_H
#define TESTS_ANOTHER_THREAD_H

#include "cmocka_test.h"

#include <pthread.h>

/* Answers what `run` answered. */
static inline void *on_another_thread(void *(*run)(void *), void *context) {
  pthread_t thread;
  void *answer = NULL;
  assert_int_equal(pthread_create(&thread, NULL, run, context), 0);
  pthread_join(thread, &answer);
  return answer;
}

#endif

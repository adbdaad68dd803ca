/* The first thread ends by pthread_exit, and the process with its second one, 0.2 seconds later. An argument: that one
   starts a third. The last thread's end runs the exit handlers, which say so. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void say(void) { puts("exit handler"); }

static void *work(void *starts_another) {
  pthread_t thread;
  usleep(200000);
  free(malloc(100));
  if (starts_another) pthread_create(&thread, NULL, work, NULL);
  return NULL;
}

int main(int argc, char **argv) {
  pthread_t thread;
  atexit(say);
  if (pthread_create(&thread, NULL, work, argc > 1 ? argv : NULL)) return 1;
  pthread_exit(NULL);
}

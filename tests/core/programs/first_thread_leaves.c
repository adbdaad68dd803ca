/* The first thread ends by pthread_exit, and a second one 0.2 seconds later. An argument: that one starts a third. A
   destructor of the first thread's data takes longer than they do, and says so; then the process's last thread has
   ended, which runs the exit handlers, and they say so. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void say(void) { puts("exit handler"); }

static void leave(void *unused) {
  (void)unused;
  usleep(700000);
  puts("destructor");
}

static void *work(void *starts_another) {
  pthread_t thread;
  usleep(200000);
  free(malloc(100));
  if (starts_another) pthread_create(&thread, NULL, work, NULL);
  return NULL;
}

int main(int argc, char **argv) {
  pthread_t thread;
  pthread_key_t key;
  atexit(say);
  if (pthread_key_create(&key, leave) || pthread_setspecific(key, argv)) return 1;
  if (pthread_create(&thread, NULL, work, argc > 1 ? argv : NULL)) return 1;
  pthread_exit(NULL);
}

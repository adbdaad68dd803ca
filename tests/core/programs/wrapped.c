/* Requests through a wrapper, from two functions: 300 blocks of 10 bytes by one, 200 of 20 by the other. With a number
   as argument, the wrapper is called so many calls below them, too. With "threads", four threads do the same; with
   "fork", a child does, and then the parent. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define APART __attribute__((noinline))

static void *volatile last; /* so that no call is the last thing that a function does */

static APART void *xmalloc(size_t size) {
  void *const block = malloc(size);
  if (!block) abort();
  last = block;
  return block;
}

static APART void *descend(int depth, size_t size) {
  void *const block = depth ? descend(depth - 1, size) : xmalloc(size);
  last = block;
  return block;
}

static APART void load_textures(int depth) {
  for (int i = 0; i < 300; i++) free(depth ? descend(depth, 10) : xmalloc(10));
}

static APART void load_sounds(int depth) {
  for (int i = 0; i < 200; i++) free(depth ? descend(depth, 20) : xmalloc(20));
}

static void *load(void *unused) {
  load_textures(0);
  load_sounds(0);
  return unused;
}

int main(int count, char **words) {
  const char *const what = count > 1 ? words[1] : "0";
  pthread_t threads[4];
  if (!strcmp(what, "threads")) {
    for (int i = 0; i < 4; i++) {
      if (pthread_create(&threads[i], NULL, load, NULL)) return 1;
    }
    for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    return 0;
  }
  if (!strcmp(what, "fork") && fork() > 0) wait(NULL);
  load_textures(atoi(what));
  load_sounds(atoi(what));
  return 0;
}

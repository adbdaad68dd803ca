/* Hooks malloc, and prints the result. */
#include <heapster/heapster.h>

#include <stdio.h>

int main(void) {
  struct heapster_status status;
  const enum heapster_error error = heapster_hook("malloc");
  heapster_status_read(&status);
  printf("%d %s: %s\n", (int)error, status.malloc_way, status.malloc_problem ? status.malloc_problem : "no problem");
  return heapster_heap_find("malloc") != NULL;
}

/* 1000 requests of 100 bytes; 500 of the blocks freed, 200 of the others resized to 5000. Nothing else. */
#include <stdlib.h>

int main(void) {
  void *blocks[1000];
  for (size_t i = 0; i < 1000; i++) blocks[i] = malloc(100);
  for (size_t i = 0; i < 500; i++) free(blocks[i]);
  for (size_t i = 500; i < 700; i++) blocks[i] = realloc(blocks[i], 5000);
  return blocks[999] == NULL;
}

/* Makes 1000 requests of 100 bytes, frees 500, resizes 200 to 5000, and returns 3. */
#include <stdlib.h>

static void *blocks[1000];

int main(void) {
  for (int i = 0; i < 1000; i++) blocks[i] = malloc(100);
  for (int i = 0; i < 500; i++) free(blocks[i]);
  for (int i = 500; i < 700; i++) blocks[i] = realloc(blocks[i], 5000);
  return 3;
}

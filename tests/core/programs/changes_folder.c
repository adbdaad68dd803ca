/* Allocates, goes to the root folder, clears its environment, and exits. */
#include <stdlib.h>
#include <unistd.h>

int main(void) {
  free(malloc(100));
  if (chdir("/") != 0) return 1;
  clearenv();
  return 0;
}

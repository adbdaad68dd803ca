/* How requests come to be counted, in words. */
#include "hooks/mode.h"

#include <string.h>

static const char *const names[HEAPSTER__MODES] = {
    [HEAPSTER__MODE_NONE] = "none",     [HEAPSTER__MODE_PRELOAD] = "preload", [HEAPSTER__MODE_LINK] = "link",
    [HEAPSTER__MODE_ATTACH] = "attach", [HEAPSTER__MODE_IMPORT] = "import",   [HEAPSTER__MODE_REQUIRE] = "require",
    [HEAPSTER__MODE_HOST] = "host",
};

const char *heapster__mode_name(enum heapster__mode mode) { return names[mode]; }

enum heapster__mode heapster__mode_of_name(const char *name) {
  enum heapster__mode mode = HEAPSTER__MODES - 1;
  while (mode && (!name || strcmp(names[mode], name))) mode--;
  return mode;
}

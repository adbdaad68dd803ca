/* How requests come to be counted, in words. */
#include "hooks/mode.h"

static const char *const names[HEAPSTER__MODES] = {
    [HEAPSTER__MODE_NONE] = "none",     [HEAPSTER__MODE_PRELOAD] = "preload", [HEAPSTER__MODE_LINK] = "link",
    [HEAPSTER__MODE_ATTACH] = "attach", [HEAPSTER__MODE_IMPORT] = "import",   [HEAPSTER__MODE_REQUIRE] = "require",
    [HEAPSTER__MODE_HOST] = "host",
};

const char *heapster__mode_name(enum heapster__mode mode) { return names[mode]; }

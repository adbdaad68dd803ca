"""A texture too large, and not freed: the script fails, and so does the host."""

import heapster
import host

with heapster.limit(heap="textures", live_change=0, use_peak="1 MiB"):
    host.load_texture(1024, 1024)

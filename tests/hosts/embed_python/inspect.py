"""What a host's script does with heapster: looks at the host's heaps, measures, asserts."""

import heapster
import host

names = [heap.name for heap in heapster.heaps()]
assert "textures" in names and "audio" in names, names
assert heapster.stats("audio").use_curr == 44100

texture, diff = heapster.measure(host.load_texture, 64, 64, heap="textures")
assert diff.alloc_count == 1, diff
assert diff.use_peak == diff.live_change * 64 * 64 * 4, diff

with heapster.limit(heap="textures", alloc_count=2, live_change=0, use_peak="1 MiB"):
    host.free_texture(host.load_texture(256, 256))

host.free_texture(texture)
assert heapster.stats("textures").live_count == 0
assert "textures" in heapster.report()

"""A function that keeps nothing: its live_change is 0, whatever `gc` is. (The free lists fill up inside the window.)"""

import heapster
from verdict import verdict


def keep_nothing():
    [{"number": i} for i in range(100)]


found = {gc: heapster.measure(keep_nothing, gc=gc, warmup=10)[1].live_change for gc in ("leave", "stop")}
verdict(not any(found.values()), f"live_change {found}")

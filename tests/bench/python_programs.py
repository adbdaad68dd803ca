"""Programs that tests/bench/python.py (`heavy`) and tests/bench/programs.py (`mix`) run with heapster and without.

    python3 python_programs.py NAME ROUNDS [with]

Runs so many rounds for each line of standard input and prints the seconds of processor time that they took; in the end, the
peak bytes of memory and what heapster counted. `heavy` does little but make objects: more than ten million requests in 150
rounds; `heavy_at_once` is two threads of it. `mix` is ten small programs in turn, which ask for memory more often than most
that do real work. `with` is what counts or traces meanwhile: heapster, tracemalloc, memray, or forwarding, a hook that counts
nothing.
"""

import json
import os
import re
import sys
import threading
import time


class Node:
    def __init__(self, key, value):
        self.key = key
        self.value = value
        self.links = []


def heavy():
    table = {i: (i, str(i), [i, i + 1]) for i in range(4000)}
    texts = ["k%d" % i + "x" * (i % 40) for i in range(3000)]
    nodes = [Node(i, table[i]) for i in range(2500)]
    for node, following in zip(nodes, nodes[1:]):
        node.links.append(following)
    text = json.dumps({"a": texts[:800], "b": [list(table[i]) for i in range(600)]})
    return len(json.loads(text)["a"]) + len({key: tuple(value) for key, value in table.items()})


def heavy_at_once():
    """`heavy` in two threads, on all processors, however the process was pinned."""
    os.sched_setaffinity(0, range(os.cpu_count()))
    threads = [threading.Thread(target=heavy) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def fannkuch():
    order, best = list(range(7)), 0
    import itertools

    for order in itertools.permutations(range(7)):
        cards, flips = list(order), 0
        while cards[0]:
            top = cards[0] + 1
            cards[:top] = cards[top - 1 :: -1] if top == len(cards) else cards[:top][::-1]
            flips += 1
        best = max(best, flips)
    return best


def float_points():
    points = [(i * 0.5, i * 0.25, i * 0.125) for i in range(10000)]
    return sum((x * x + y * y + z * z) ** 0.5 for x, y, z in points)


def json_round_trip():
    text = json.dumps([{"id": i, "name": "name %d" % i, "tags": ["a", "b", str(i)]} for i in range(1500)])
    return len(json.loads(text))


def regular_expressions():
    text = "the quick brown fox 123 jumps over 456 lazy dogs " * 200
    return len(re.findall(r"\b[a-z]+\b", text)) + len(re.sub(r"\d+", lambda match: match[0][::-1], text))


def richards():
    queue = [Node(i % 7, i) for i in range(200)]
    done = 0
    for turn in range(60):
        for node in queue:
            node.key = (node.key * 31 + turn) % 97
            if node.key < 48:
                node.value += 1
                done += 1
            else:
                node.value -= 1
    return done


def nbody():
    bodies = [[i * 1.1, i * 0.7, i * 0.3, 0.0, 0.0, 0.0, 1.0 + i] for i in range(5)]
    for _ in range(400):
        for a in range(5):
            for b in range(a + 1, 5):
                one, two = bodies[a], bodies[b]
                x, y, z = one[0] - two[0], one[1] - two[1], one[2] - two[2]
                pull = 0.01 / ((x * x + y * y + z * z + 0.1) ** 1.5)
                one[3] -= x * two[6] * pull
                two[3] += x * one[6] * pull
        for body in bodies:
            body[0] += 0.01 * body[3]
    return bodies[0][0]


def spectral():
    vector = [1.0] * 60
    for _ in range(3):
        vector = [sum(v / ((i + j) * (i + j + 1) // 2 + i + 1) for j, v in enumerate(vector)) for i in range(60)]
    return vector[0]


def templates():
    rows = [{"id": i, "title": "title %d" % i} for i in range(1500)]
    return len("".join("<tr><td>{id}</td><td>{title}</td></tr>\n".format(**row) for row in rows))


def sorting():
    return sorted((((i * 7919) % 10007), str(i)) for i in range(5000))[0]


def hashing():
    import hashlib

    counts = {}
    for i in range(4000):
        key = hashlib.md5(str(i).encode()).hexdigest()[:3]
        counts[key] = counts.get(key, 0) + 1
    return len(counts)


PROGRAMS = [
    fannkuch, float_points, json_round_trip, regular_expressions, richards, nbody, spectral, templates, sorting, hashing,
]  # fmt: skip


def mix():
    """Each of the ten, once."""
    return [function() for function in PROGRAMS]


def turn(function, rounds):
    begin = time.process_time()
    for _ in range(rounds):
        function()
    return time.process_time() - begin


def take_turns(function, rounds):
    """Prints as many letters each time, so that the counts are the same in all runs."""
    for _ in sys.stdin:
        print(f"{turn(function, rounds):.9f}", flush=True)


def peak():
    """Bytes; the peak that getrusage knows is at least that of the parent, when it started this process."""
    with open("/proc/self/status") as status:
        return int(re.search(r"VmHWM:\s*(\d+) kB", status.read())[1]) * 1024


def main(name, rounds, tool="nothing"):
    function = globals()[name]
    if tool == "tracemalloc":
        import tracemalloc

        tracemalloc.start()
    if tool == "heapster":
        import heapster
    if tool == "forwarding":
        import forwarding  # noqa: F401
    if tool == "memray":
        import memray

        with memray.Tracker("/dev/null", trace_python_allocators=True):
            take_turns(function, int(rounds))
    else:
        take_turns(function, int(rounds))
    stats = heapster.stats("python") if tool == "heapster" else None
    print(peak())
    if stats:
        print(stats.alloc_count, stats.dealloc_count, stats.realloc_growth_count, stats.alloc_sum, stats.use_max)


if __name__ == "__main__":
    main(*sys.argv[1:])

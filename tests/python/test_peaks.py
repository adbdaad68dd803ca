"""Law 5 through Python: the peak of a window is exact if only its own thread made requests, whatever other threads do
meanwhile; and within use_peak_error if others did. HEAPSTER_WINDOWS is the number of windows of each test."""

import contextlib
import os
import queue
import random
import threading

import heapster

WINDOWS = int(os.environ.get("HEAPSTER_WINDOWS", "1500"))
SIZES = (32, 300, 5000, 40000, 400000)
MOST_THREADS = 31
PENDING = 32768  # what a thread may not have added yet, see use_peak_error in heapster/stats.h


class Account:
    """A heap's live blocks, and the highest use since `begin`, by plain bookkeeping."""

    def __init__(self, heap, dice):
        self.heap, self.dice = heap, dice
        self.blocks = []
        self.use = self.start = self.peak = 0

    def begin(self):
        self.start = self.peak = self.use

    def request(self):
        """One request or free."""
        if self.blocks and (len(self.blocks) > 40 or self.dice.random() < 0.4):
            block, size = self.blocks.pop(self.dice.randrange(len(self.blocks)))
            self.heap.free(block)
            self.use -= size
            return
        size = self.dice.randrange(1, self.dice.choice(SIZES))
        self.blocks.append((self.heap.malloc(size), size))
        self.use += size
        self.peak = max(self.peak, self.use)

    def free_all(self):
        for block, _ in self.blocks:
            self.heap.free(block)
        self.blocks.clear()
        self.use = 0


class Worker:
    """A thread that does what it is told, and sleeps in between."""

    def __init__(self):
        self.orders = queue.SimpleQueue()
        self.done = threading.Semaphore(0)
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while order := self.orders.get():
            try:
                order()
            finally:
                self.done.release()

    def do(self, order):
        self.orders.put(order)
        self.done.acquire()

    def end(self):
        self.orders.put(None)
        self.thread.join()


@contextlib.contextmanager
def crew(account):
    workers = [Worker()]
    try:
        yield workers
    finally:
        for worker in workers:
            worker.end()
        account.free_all()


def hire_or_dismiss(workers, dice):
    if len(workers) > 1 and dice.random() < 0.5:
        workers.pop(dice.randrange(len(workers))).end()
    elif len(workers) < MOST_THREADS:
        workers.append(Worker())


def make_no_request(workers, heap, dice):
    """What another thread may do in a window that stays exact."""

    def look():
        with heapster.measuring(heap.name):
            pass

    def fork():
        child = os.fork()
        if not child:
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0

    what = dice.randrange(6)
    if what == 0:
        hire_or_dismiss(workers, dice)
    elif what == 1:
        dice.choice(workers).do(look)
    elif what == 2:
        dice.choice(workers).do(heapster.frame)
    elif what == 3:
        dice.choice(workers).do(heapster.reset)
    elif what == 4:
        heapster.frame()
    elif dice.random() < 0.05:
        fork()


def test_only_own_requests_are_exact_among_threads_that_come_go_and_look(heap):
    dice = random.Random(1)
    account = Account(heap, dice)
    with crew(account) as workers:
        for number in range(WINDOWS):
            for _ in range(dice.randrange(4)):
                dice.choice(workers).do(account.request)
            with heapster.measuring(heap.name) as m:
                account.begin()
                for _ in range(dice.randrange(8)):
                    account.request()
                    make_no_request(workers, heap, dice)
            seen = (m.diff.use_peak, m.diff.use_peak_error, m.diff.foreign_count)
            assert seen == (account.peak - account.start, 0, 0), f"window {number}"


def test_requests_of_other_threads_leave_the_peak_within_its_error(heap):
    dice = random.Random(2)
    account = Account(heap, dice)
    errors = 0
    with crew(account) as workers:
        for number in range(WINDOWS):
            hire_or_dismiss(workers, dice)
            with heapster.measuring(heap.name) as m:
                account.begin()
                for _ in range(dice.randrange(8)):
                    dice.choice(workers).do(account.request)
                    account.request()
            off = abs(m.diff.use_peak - (account.peak - account.start))
            assert off <= m.diff.use_peak_error, f"window {number}: off by {off}"
            bound = min((m.diff.foreign_count + 1) * PENDING, m.diff.total_alloc_sum) if m.diff.foreign_count else 0
            assert m.diff.use_peak_error <= bound, f"window {number}"
            errors += m.diff.use_peak_error > 0
    assert errors > WINDOWS / 2

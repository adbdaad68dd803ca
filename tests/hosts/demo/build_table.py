"""The same list of squares built in two ways, each in a window: what either took, and what the second took more."""

import heapster

ROWS = 50_000


def room_first():
    table = [None] * ROWS
    for row in range(ROWS):
        table[row] = row * row
    return table


def row_by_row():
    table = []
    for row in range(ROWS):
        table.append(row * row)
    return table


sized, first = heapster.measure(room_first)
grown, second = heapster.measure(row_by_row)
assert sized == grown
print(f"-- 1. a list with room for {ROWS:,} rows, then the rows\n\n{first}\n\n")
print(f"-- 2. an empty list, and append for each row\n\n{second}\n\n")
print(f"-- second - first\n\n{second - first}\n")
print(
    "The same list: what the numbers in it take is in both diffs and cancels out. What stays is the price of append.\n"
    "Compare realloc_growth_count, how often the list was full and had to grow, and realloc_move_count, how often\n"
    "it was copied elsewhere to do so. Each count and each bucket is subtracted by itself; where the second's is\n"
    "smaller, 0."
)

"""The results as people read them: a line as a program ends, a table in README.md."""

import datetime
import os
import pathlib
import platform

README = pathlib.Path(__file__).resolve().parent / "README.md"
BEGIN, END = "<!-- results -->\n", "<!-- end of results -->\n"


def line(key, row):
    head = f"{key:<36} {row['verdict']:<9}"
    if row["verdict"] == "left out":
        return f"{head} {row['lines'][0]}"
    head += f"{row['seconds']:>5} s {row['processes']:>5} processes {row['requests']:>13,} requests"
    return "\n".join([head, *(f"    {text}" for text in row["lines"])])


def cell(row):
    if row is None:
        return "–"
    if row["verdict"] == "left out":
        return f"left out: {row['lines'][0]}"
    processes = "1 process" if row["processes"] == 1 else f"{row['processes']:,} processes"
    return f"{row['verdict']}, {processes}, {row['requests']:,} requests"


def rows_of(programs, rows):
    for program in programs:
        cells = [cell(rows.get(f"{program.name} over {name}")) for name in ("glibc", "jemalloc", "mimalloc")]
        yield f"| {program.name} | {program.what} | {' | '.join(cells)} |\n"


def record(programs, rows):
    text = README.read_text(encoding="utf-8")
    before, after = text.index(BEGIN) + len(BEGIN), text.index(END)
    system = platform.freedesktop_os_release()["PRETTY_NAME"] if hasattr(platform, "freedesktop_os_release") else "Linux"
    head = f"{datetime.date.today().isoformat()}, {system}, {platform.machine()}, {os.cpu_count()} processors.\n\n"
    head += "| program | what it does | glibc | jemalloc | mimalloc |\n|---|---|---|---|---|\n"
    README.write_text(text[:before] + head + "".join(rows_of(programs, rows)) + text[after:], encoding="utf-8")

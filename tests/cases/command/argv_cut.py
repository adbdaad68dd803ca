"""A command of 20,001 words: does JSON's `command` have them all, or a mark that it is cut?"""

import json
import subprocess

from verdict import verdict

WORDS = ["/bin/echo", *map(str, range(20_000))]
command = ["heapster", "run", "-f", "json", "-o", "report.json", "--", *WORDS]
subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
with open("report.json") as file:
    report = json.load(file)
is_marked = any("command" in key for key in report.keys() - {"command"})
verdict(
    report["command"] == WORDS or is_marked, f"{len(report['command']):,} words, {'' if is_marked else 'not '}marked"
)

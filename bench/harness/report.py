"""`bench/RESULTS.md`: what was measured, medians, ratios, and the targets."""

import os
import platform
import statistics
from pathlib import Path

from harness.session import is_right
from harness.targets import targets

HEAD = ["tool", "rounds", "wall, s", "(least – most)", "CPU, s", "peak, MB", "MB/s of CSV", "records/s", "API calls", "emulator CPU, s", "records correct"]

# Where waiting is most of the time, what orgtap itself tells of it.
TOLD = {"of it for the job, s": "job_wait", "of it for the transfer, s": "transfer"}


def grouped(measured):
    """Returns the entries of each profile and tool, in the order in which they first came."""
    groups = {}
    for entry in measured:
        groups.setdefault((entry["profile"], entry["tool"]), []).append(entry)
    return groups


def median(entries, key):
    values = [entry[key] for entry in entries if entry.get(key) is not None]
    return statistics.median(values) if values else None


class Figures:
    """Medians, by profile and tool."""

    def __init__(self, measured):
        self.groups = grouped(measured)

    def get(self, profile, tool, key):
        """Returns a median, or `None` for what was not measured."""
        return median(self.groups.get((profile, tool), []), key)

    def first(self, profile, tool):
        return self.groups.get((profile, tool), [None])[0]

    def profiles(self):
        return list(dict.fromkeys(profile for profile, _ in self.groups))

    def tools(self, profile):
        return [tool for name, tool in self.groups if name == profile]


def correct(entries):
    """Says how many records were right in the worst round."""
    worst = min(entries, key=lambda entry: entry["right"] - entry["wrong"])
    if is_right(worst):
        return f"all {worst['records']:,}"
    return f"**{worst['right']:,} of {worst['records']:,}**; {worst['wrong']:,} wrong, {worst['missing']:,} missing"


def told(entries, key):
    seconds = median(entries, key)
    return "–" if seconds is None else f"{seconds:,.2f}"


def line(entries, more):
    wall, least, most = median(entries, "wall"), min(e["wall"] for e in entries), max(e["wall"] for e in entries)
    first, calls, server = entries[0], median(entries, "api_calls"), median(entries, "server_cpu")
    speed = [f"{first['csv_bytes'] / 1e6 / wall:,.0f}", f"{first['records'] / wall:,.0f}"]
    cells = [
        first["title"], str(len(entries)), f"{wall:,.2f}", f"{least:,.2f} – {most:,.2f}", *[told(entries, key) for key in more.values()],
        f"{median(entries, 'cpu'):,.2f}",
        f"{median(entries, 'peak_bytes') / 1e6:,.0f}", *speed,
        "–" if first["tool"] == "sqlite-import" else f"{calls:,.0f}", "–" if first["tool"] == "sqlite-import" else f"{server:,.2f}", correct(entries),
    ]
    return "| " + " | ".join(cells) + " |"


def table(figures, profile):
    more = TOLD if profile == "far" else {}
    head = HEAD[:4] + list(more) + HEAD[4:]
    rows = ["| " + " | ".join(head) + " |", "|---|" + "--:|" * (len(head) - 2) + "---|"]
    return rows + [line(figures.groups[profile, tool], more) for tool in figures.tools(profile)]


def machine():
    model = next((text.partition(":")[2].strip() for text in read("/proc/cpuinfo").splitlines() if text.startswith("model name")), platform.machine())
    memory = next((int(text.split()[1]) / 1e6 for text in read("/proc/meminfo").splitlines() if text.startswith("MemTotal")), 0)
    return f"{os.cpu_count()} × {model}, {memory:.0f} GB of memory, {platform.system()} {platform.release()}"


def read(path):
    try:
        return Path(path).read_text()
    except OSError:
        return ""


def write(path, document):
    """Writes the report of a document of raw figures."""
    figures = Figures(document["measured"])
    lines = ["# Results", ""]
    if document["busy"]:
        lines += [f"**Measured on a busy machine** ({document['busy']}): times, CPU and ratios are not to be relied on.", ""]
    lines += [
        "Written by `bench/run.py` (see [README.md](README.md)); do not edit. Medians; MB are 1,000,000 bytes; MB/s are bytes of the CSV without gzip.", "",
        f"- machine: {document['machine']}",
        f"- when: {document['when']}; load average before: {document['load'][0]:.1f}, after: {document['load'][1]:.1f}",
        f"- command: `{document['command']}`",
    ]
    versions = list(dict.fromkeys(entry["version"] for entry in document["measured"]))
    lines += [f"- versions: {', '.join(versions)}; Python {platform.python_version()}; orgtap built from `{document['commit']}`", ""]
    lines += ["## Targets", "", "| target | measured | met |", "|---|--:|---|"]
    lines += [f"| {name} | {value} | {met} |" for name, value, met in targets(figures)]
    for profile in figures.profiles():
        lines += ["", f"## {profile}", "", *table(figures, profile)]
    missing = [name for name in document["profiles"] if name not in {profile.split()[0] for profile in figures.profiles()}]
    lines += ["", "## Not measured", ""]
    lines += [f"- {name}: not part of this run" for name in missing]
    lines += [f"- tools: only {', '.join(document['only_tools'])} were asked for"] if document["only_tools"] else []
    lines += [f"- {entry['title']} ({entry['profile']}): {' '.join(entry['reason'].split())[:400]}" for entry in document["problems"]]
    if lines[-1] == "":
        lines.append("Everything was.")
    lines += ["", "## Notes", "", *[f"- {note}" for note in dict.fromkeys(document["notes"])], *NOTES, "", "## Commands", ""]
    commands = {(tool, profile.split()[0]): figures.first(profile, tool)["command"] for profile, tool in figures.groups}
    lines += [f"- {tool} ({profile}): `{command.replace('`', '')}`" for (tool, profile), command in commands.items()]
    path.write_text("\n".join(lines) + "\n")


NOTES = [
    "- Every tool runs alone, beside the emulator, on the same cores; the column *emulator CPU* is what the emulator used meanwhile.",
    "- Records correct: compared with the org's records by a hash of all values, in any order, in the worst round. CSV to the byte; SQLite's "
    "numbers and booleans by value; Singer messages' points in time to the second besides. A record with a changed value counts twice: as wrong, and "
    "the true one as missing.",
    "- Peak memory: the larger of what the system counts for the process and the sum over it and its descendants, seen ten times a second.",
]

#!/usr/bin/env python3
"""Measures orgtap beside other tools against the emulator, and writes bench/RESULTS.md. See bench/README.md."""

import argparse
import datetime
import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "bench"))

from harness import report  # noqa: E402
from harness.peers import Peers  # noqa: E402
from harness.profiles import PROFILES  # noqa: E402
from harness.session import Session, say  # noqa: E402

CACHE = Path.home() / ".cache"


def names(text):
    return [name for name in text.split(",") if name]


def sizes(text):
    return [int(float(size)) for size in names(text)]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--only", type=names, default=list(PROFILES), metavar="PROFILE,…", help="these profiles only: " + ", ".join(PROFILES))
    add("--only-tools", type=names, default=[], metavar="TOOL,…", help="these tools only, such as orgtap-csv,sf; `orgtap` and `curl` are all whose names begin so")
    add("--rounds", type=int, default=5)
    add("--peer-rounds", type=int, default=5, help="at most so many rounds of other people's clients, which may take minutes each")
    add("--large-rounds", type=int, default=3, help="at most so many rounds of sizes above 1,000,000")
    add("--records", type=int, default=1_000_000, help="of the object of `loopback` and `far`")
    add("--far-records", type=int, default=800_000, help="of the object of `far`; 16 pages are two for each of 8 connections")
    add("--far-rounds", type=int, default=3, help="at most so many rounds of `far`, whose waits take minutes")
    add("--slow-peer-records", type=int, default=100_000, help="how many records the slowest clients read, beside orgtap reading as many; 0 for all")
    add("--far-job-seconds", type=int, default=20)
    add("--far-mbps", type=int, default=24, help="megabits of gzip a second on one connection")
    add("--growth-sizes", type=sizes, default=[10_000, 100_000, 1_000_000, 5_000_000], metavar="N,…")
    add("--small-objects", type=int, default=50)
    add("--small-peer-objects", type=int, default=5, help="how many of the small objects other people's clients load")
    add("--timeout", type=float, default=1800, help="seconds after which a run is ended and counts as failed")
    add("--orgtap", type=Path, help="the binary; without it, a release build is made")
    add("--peers", type=Path, default=CACHE / "orgtap-conformance", help="where the clients of others are installed")
    add("--data", type=Path, default=CACHE / "orgtap-bench", help="where the made-up records are kept")
    add("--out", type=Path, default=ROOT / "bench" / "RESULTS.md")
    add("--merge", type=Path, metavar="JSON", help="raw figures of an earlier run: what this run measures takes the place of theirs")
    add("--busy", default="", metavar="WHY", help="marks the results as measured on a busy machine")
    add("--verbose", action="store_true")
    options = parser.parse_args()
    unknown = [name for name in options.only if name not in PROFILES]
    if unknown:
        parser.error(f"no profile {', '.join(unknown)}; there are {', '.join(PROFILES)}")
    return options


def built():
    subprocess.run(["cargo", "build", "--release", "--quiet", "--bin", "orgtap"], cwd=ROOT, check=True)
    return Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release" / "orgtap"


def commit():
    done = subprocess.run(["git", "-C", str(ROOT), "describe", "--always", "--dirty"], capture_output=True, text=True)
    return done.stdout.strip() or "?"


def merged(earlier, document):
    """Returns the document with what an earlier run measured and this one did not."""
    seen = {(entry["profile"], entry["tool"]) for entry in document["measured"] + document["problems"]}
    for key in ("measured", "problems"):
        document[key] = [entry for entry in earlier[key] if (entry["profile"], entry["tool"]) not in seen] + document[key]
    document["notes"] = earlier["notes"] + document["notes"]
    document["command"] = f"{earlier['command']}; {document['command']}"
    document["busy"] = document["busy"] or earlier["busy"]
    document["only_tools"] = earlier["only_tools"] and document["only_tools"]
    return document


def figures(options, session, before, when):
    """Returns the raw figures so far, with those of an earlier run that this one goes on with."""
    found = {
        "when": when.isoformat(timespec="seconds"), "machine": report.machine(), "load": [before, os.getloadavg()[0]], "busy": options.busy,
        "command": shlex.join(["bench/run.py", *sys.argv[1:]]), "commit": commit(), "profiles": list(PROFILES), "only_tools": options.only_tools,
        "notes": list(session.notes), "measured": list(session.measured), "problems": list(session.problems),
    }
    return merged(json.loads(options.merge.read_text()), found) if options.merge else found


def main():
    options = arguments()
    if options.only:
        options.orgtap = str((options.orgtap or built()).resolve())
    options.work = Path(tempfile.mkdtemp(prefix="orgtap-bench-"))
    raw = options.work / "results.json"
    before, when = os.getloadavg()[0], datetime.datetime.now().astimezone()
    session = Session(options, Peers(options.peers))
    session.keep = lambda: raw.write_text(json.dumps(figures(options, session, before, when), indent=1))
    say(f"raw figures, as they come: {raw}")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    for name in options.only:
        say(f"{name}:")
        try:
            PROFILES[name](session)
        except (OSError, RuntimeError) as error:
            session.problems.append({"profile": name, "tool": "all", "title": "all tools", "reason": str(error)})
            say(f"  {name}: {error}")
        except KeyboardInterrupt:
            session.problems.append({"profile": name, "tool": "all", "title": "the rest", "reason": "interrupted"})
            break
    session.keep()
    report.write(options.out, json.loads(raw.read_text()))
    say(f"{options.out}; raw figures in {raw}")
    sys.exit(1 if session.problems else 0)


main()

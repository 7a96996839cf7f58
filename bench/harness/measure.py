"""Runs one command and measures it: `python3 -I -S measure.py TIMEOUT FOLDER STDOUT STDERR -- COMMAND…` prints a line of JSON.

A program of its own, and a small one, because the system counts the memory of the program that starts another into the peak of the other.
CPU is what the system counts for the command and all it waited for. Peak memory is the larger of what the system counts for the command
and of the sum over it and its descendants, looked at ten times a second.
"""

import json
import os
import signal
import sys
import threading
import time


def children(pid):
    found = []
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children") as file:
                found += [int(child) for child in file.read().split()]
    except OSError:
        pass  # It ended meanwhile.
    return found


def resident(pid):
    try:
        with open(f"/proc/{pid}/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError, ValueError):
        return 0


def tree(pid):
    return resident(pid) + sum(tree(child) for child in children(pid))


def main():
    timeout, folder, stdout, stderr = float(sys.argv[1]), *sys.argv[2:5]
    command = sys.argv[6:]
    out, err = (os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644) for path in (stdout, stderr))
    os.chdir(folder)
    over, peak, timed_out = threading.Event(), 0, False
    start = time.monotonic()
    actions = [(os.POSIX_SPAWN_DUP2, out, 1), (os.POSIX_SPAWN_DUP2, err, 2)]
    try:
        pid = os.posix_spawnp(command[0], command, os.environ, file_actions=actions, setpgroup=0)
    except OSError as error:
        sys.exit(f"{command[0]}: {error}")

    def watch():
        nonlocal peak, timed_out
        while not over.wait(0.1):
            peak = max(peak, tree(pid))
            if time.monotonic() - start > timeout:
                timed_out = True
                os.killpg(pid, signal.SIGKILL)
                return

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        _, status, used = os.wait4(pid, 0)
    except KeyboardInterrupt:
        os.killpg(pid, signal.SIGKILL)  # It has a group of its own, which no Ctrl-C reaches.
        raise
    finally:
        wall = time.monotonic() - start
        over.set()
        watcher.join()
    print(json.dumps({
        "wall": wall,
        "cpu": used.ru_utime + used.ru_stime,
        "peak_bytes": max(peak, used.ru_maxrss * 1024),
        "exit": os.waitstatus_to_exitcode(status),
        "timed_out": timed_out,
    }))


main()

"""Measuring tools against an emulator, one at a time, round by round."""

import json
import os
import shutil
import subprocess
import sys
import traceback
from pathlib import Path

from harness.tools import Run

LAUNCHER = Path(__file__).with_name("measure.py")


def say(text):
    print(text, file=sys.stderr, flush=True)


class Session:
    """What all profiles share: where things are, how long a run may take, and the figures so far."""

    def __init__(self, options, peers):
        self.options, self.peers = options, peers
        self.measured = []  # one entry for each run of each tool
        self.problems = []  # what could not be measured, and why
        self.notes = []
        self.keep = lambda: None  # called whenever there is more to keep

    def wants(self, tool):
        only = self.options.only_tools
        return not only or any(tool.key == name or tool.key.startswith(f"{name}-") for name in only)

    def usable(self, profile, tools):
        """Returns the tools that were asked for and can be had."""
        found = []
        for tool in filter(self.wants, tools):
            if tool.peer:
                try:
                    self.peers.install(tool.peer)
                except (OSError, RuntimeError, subprocess.TimeoutExpired) as error:
                    self.fail(profile, tool, f"cannot be installed: {error}")
                    continue
            found.append(tool)
        return found

    def fail(self, profile, tool, reason):
        say(f"  {profile}: {tool.key}: {reason}")
        self.problems.append({"profile": profile, "tool": tool.key, "title": tool.title, "reason": reason})
        self.keep()

    def measure(self, profile, tools, emulator, truth, objects=None, rounds=None, warm=()):
        """Runs each tool in each round. Those of `warm` run once before, unmeasured, so that the emulator has rendered its pages.

        Tools take turns within a round, so that a machine that is slower for a while is slower for all.
        """
        objects, rounds = objects or truth.objects, rounds or self.options.rounds
        tools = self.usable(profile, tools)
        for tool in [tool for tool in warm if tools]:
            self._once(profile, tool, emulator, truth, objects, None)
        broken = set()
        for number in range(1, rounds + 1):
            for tool in tools:
                most = min(rounds, self.options.peer_rounds) if tool.group == "peer" else rounds
                if number <= most and tool.key not in broken and not self._once(profile, tool, emulator, truth, objects, number):
                    broken.add(tool.key)

    def _once(self, profile, tool, emulator, truth, objects, number):
        folder = self.options.work / "run"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        run = Run(self.options.orgtap, self.peers, emulator, truth, objects, folder)
        try:
            entry = self._measure(tool, run)
            if number is not None:
                entry |= {"profile": profile, "tool": tool.key, "title": tool.title, "group": tool.group, "round": number}
                entry |= {"version": tool.version(run), "command": shown(tool.command(run), run)}
                entry |= {"csv_bytes": sum(truth.path(name).stat().st_size for name in objects), "records": truth.counts(objects)}
                entry |= tool.told(run) | truth.compare(tool.outputs(run))
                self.measured.append(entry)
                self.keep()
                self._show(entry)
            return True
        except Exception as error:  # noqa: BLE001, a tool may fail in any way; the others are measured all the same
            if self.options.verbose:
                traceback.print_exc()
            self.fail(profile, tool, f"{type(error).__name__}: {error}" if not isinstance(error, RuntimeError) else str(error))
            return False
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _measure(self, tool, run):
        tool.prepare(run)
        calls = run.emulator.stats()["api_requests"] if run.emulator else 0
        server = run.emulator.cpu() if run.emulator else 0
        os.sync()  # What was written before is not this tool's to wait for.
        launch = [sys.executable, "-I", "-S", str(LAUNCHER), str(self.options.timeout), str(run.folder), str(run.folder / "stdout"), str(run.folder / "stderr"), "--"]
        environment = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run([*launch, *tool.command(run)], env=environment | tool.environment(run), capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"cannot be started: {done.stderr[-600:]}")
        entry = json.loads(done.stdout)
        if entry["timed_out"]:
            raise RuntimeError(f"took more than {self.options.timeout:.0f} s and was ended")
        if entry["exit"] != 0:
            texts = [(run.folder / name).read_text(errors="replace")[-600:] for name in ("stderr", "stdout")]
            raise RuntimeError(f"ended with {entry['exit']}: {' '.join(texts).strip()}")
        if run.emulator:
            entry["api_calls"] = run.emulator.stats()["api_requests"] - calls
            entry["server_cpu"] = run.emulator.cpu() - server
        return entry

    def _show(self, entry):
        right = "all right" if is_right(entry) else f"RIGHT {entry['right']:,} WRONG {entry['wrong']:,} MISSING {entry['missing']:,}"
        say(
            f"  {entry['profile']}: {entry['tool']} #{entry['round']}: {entry['wall']:.2f} s, CPU {entry['cpu']:.2f} s, "
            f"{entry['peak_bytes'] / 1e6:.0f} MB, {entry.get('api_calls', 0)} calls, {right}"
        )


def shown(command, run):
    """Returns a command as it is read, not run: without the folders, addresses and tokens of this run, and with long texts cut."""
    text = " ".join(part if len(part) < 400 else f"{part[:200]}…" for part in command)
    for long, short in [(run.orgtap, "orgtap"), (str(run.peers.folder), "PEERS"), (str(run.truth.folder), "DATA"), (str(LAUNCHER.parent), "bench/harness")]:
        text = text.replace(long, short)
    if run.emulator:
        text = text.replace(run.emulator.settings["access_token"], "TOKEN").replace(run.emulator.url, "URL")
    return text


def is_right(entry):
    return entry["right"] == entry["records"] and not entry["wrong"] and not entry["missing"]

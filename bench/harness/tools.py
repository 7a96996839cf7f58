"""What a tool is – how it is prepared, started, and where its records then stand – and orgtap in its forms."""

import json
import subprocess
from pathlib import Path

from harness.emulator import VERSION
from harness.org import NAMES
from harness.verify import Output, csv_output, sqlite_records

DRIVERS = Path(__file__).parent / "drivers"
SOQL = f"SELECT {', '.join(NAMES)} FROM {{}}"


class Run:
    """What a tool needs to know of the run it is part of."""

    def __init__(self, orgtap, peers, emulator, truth, objects, folder):
        self.orgtap, self.peers, self.emulator, self.truth = orgtap, peers, emulator, truth
        self.objects, self.folder = objects, folder


class Tool:
    """A tool. `key` is its name on the command line, `group` one of `orgtap`, `floor`, `peer`."""

    group = "orgtap"
    peer = None  # what of `Peers` it needs

    def __init__(self, key, title):
        self.key, self.title = key, title

    def version(self, run):
        return output_of([run.orgtap, "--version"])

    def prepare(self, run):
        """Does what is not measured."""

    def command(self, run):
        raise NotImplementedError

    def environment(self, run):
        return {}

    def outputs(self, run):
        raise NotImplementedError

    def told(self, run):
        """Returns what the tool itself tells of where its time went."""
        return {}


class Orgtap(Tool):
    """`orgtap run` to a destination."""

    def __init__(self, kind, connections=None):
        suffix = "" if connections is None else f"-{connections}"
        words = "" if connections is None else f", {connections} download connection{'s' if connections > 1 else ''}"
        super().__init__(f"orgtap-{kind}{suffix}", f"orgtap, {kind}{words}")
        self.kind, self.connections = kind, connections

    def rows(self, run):
        return "".join(f'[[rows]]\nobject = "{name}"\n' for name in run.objects)

    def prepare(self, run):
        settings = run.emulator.settings
        connections = f"[run]\ndownload_connections = {self.connections}\n" if self.connections else ""
        (run.folder / "orgtap.toml").write_text(
            f'[connection]\nlogin_method = "access_token"\naccess_token = "{settings["access_token"]}"\ninstance_url = "{settings["url"]}"\n'
            f'[destination]\nkind = "{self.kind}"\npath = "out"\n{connections}{self.rows(run)}'
        )

    def command(self, run):
        return [run.orgtap, "--quiet", "run", "--json"]

    def told(self, run):
        seconds = json.loads((run.folder / "stdout").read_text())["totals"]["seconds"]
        return {"job_wait": seconds["job_wait"], "transfer": seconds["transfer"]}

    def outputs(self, run):
        for name in run.objects:
            if self.kind == "csv":
                yield csv_output(name, (run.folder / "out" / name).glob("*.csv"))
            else:
                base = run.folder / "out"
                yield Output(name, "typed", [base], lambda name=name: sqlite_records(base, name))


class OrgtapComponent(Tool):
    def __init__(self):
        super().__init__("orgtap-component", "orgtap, component (Keboola)")

    def prepare(self, run):
        settings = run.emulator.settings
        parameters = {
            "login_method": "connected_app_oauth_cc", "#consumer_key": settings["consumer_key"], "#consumer_secret": settings["consumer_secret"],
            "domain": settings["url"], "api_version": VERSION, "query_type_selector": "Object", "object": run.objects[0],
            "loading_options": {"incremental": 0, "pkey": ["Id"]},
        }
        (run.folder / "config.json").write_text(json.dumps({"parameters": parameters}))

    def command(self, run):
        return [run.orgtap, "component", "--data-dir", "."]

    def environment(self, run):
        return {"ORGTAP_LOGIN_URL": run.emulator.url}

    def outputs(self, run):
        tables = run.folder / "out/tables"
        for name in run.objects:
            manifest = json.loads((tables / f"{name}.manifest").read_text())
            header = [column["name"] for column in manifest["schema"]] if "schema" in manifest else manifest["columns"]
            yield csv_output(name, (tables / name).glob("*.csv"), header)


def output_of(command):
    return subprocess.run(command, capture_output=True, text=True, timeout=60).stdout.strip()

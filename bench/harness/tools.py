"""The tools that are measured: how each is prepared, started, and where its records then stand."""

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from harness.emulator import VERSION
from harness.org import NAMES
from harness.verify import Output, csv_output, rest_records, singer_records, sqlite_records

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

    def outputs(self, run):
        for name in run.objects:
            if self.kind == "csv":
                yield csv_output(name, (run.folder / "out" / name).glob("*.csv"))
            else:
                base = run.folder / "out"
                yield Output(name, "typed", [base], lambda name=name: sqlite_records(base, name))


class OrgtapNothing(Orgtap):
    """`orgtap run` of a query job without records: what it takes before and after any page is read."""

    def __init__(self):
        super().__init__("csv")
        self.key, self.title = "orgtap-nothing", "orgtap, a query job without records"

    def rows(self, run):
        return f"""[[rows]]\nsoql = "SELECT Id FROM {run.objects[0]} WHERE Name = 'none'"\napi = "bulk"\n"""

    def outputs(self, run):
        return []


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


class Curl(Tool):
    """`curl --compressed` of the result pages of a job that is done."""

    group = "floor"

    def __init__(self, parallel):
        self.parallel = parallel
        flags = f"--parallel --parallel-max {parallel}" if parallel else "one after another"
        super().__init__("curl-parallel" if parallel else "curl", f"curl --compressed, {flags}")

    def version(self, run):
        return " ".join(output_of(["curl", "--version"]).split()[:2])

    def prepare(self, run):
        lines = ["silent", "show-error", "fail", "compressed", f'header = "Authorization: Bearer {run.emulator.settings["access_token"]}"']
        for at, url in enumerate(run.emulator.result_pages(SOQL.format(run.objects[0]))):
            lines += [f'url = "{url}"', f'output = "page-{at:04}.csv"']
        (run.folder / "curl.txt").write_text("\n".join(lines) + "\n")

    def command(self, run):
        parallel = ["--parallel", "--parallel-immediate", "--parallel-max", str(self.parallel)] if self.parallel else []
        return ["curl", *parallel, "--config", "curl.txt"]

    def outputs(self, run):
        yield csv_output(run.objects[0], run.folder.glob("page-*.csv"))


class CurlCalls(Tool):
    """The calls by which orgtap loads small objects, by curl and in as large steps as they allow: what the server's own answers take."""

    group = "floor"

    def __init__(self, parallel):
        super().__init__("curl-calls", f"curl, the same calls: describe and query of each object, {parallel} at a time")
        self.parallel = parallel

    version = Curl.version

    def prepare(self, run):
        root = f"{run.emulator.url}/services/data/v{VERSION}"
        queries = {name: SOQL.format(name).replace(" ", "+") for name in run.objects}
        steps = {
            "first": {"versions": f"{run.emulator.url}/services/data/", "resources": f"{root}/"},
            "describe": {name: f"{root}/sobjects/{name}/describe" for name in run.objects},
            "count": {"all": f"{root}/limits/recordCount?sObjects={','.join(run.objects)}"},
            "query": {name: f"{root}/query?q={query}" for name, query in queries.items()},
        }
        head = ["silent", "show-error", "fail", "compressed", "globoff", f'header = "Authorization: Bearer {run.emulator.settings["access_token"]}"']
        for step, urls in steps.items():
            lines = [line for name, url in urls.items() for line in (f'url = "{url}"', f'output = "{step}-{name}.json"')]
            (run.folder / f"{step}.txt").write_text("\n".join(head + lines) + "\n")

    def command(self, run):
        many = f"curl --parallel --parallel-max {self.parallel} --config"
        steps = ["curl --config first.txt", f"{many} describe.txt", "curl --config count.txt", f"{many} query.txt"]
        return ["sh", "-c", " && ".join(steps)]

    def outputs(self, run):
        for name in run.objects:
            file = run.folder / f"query-{name}.json"
            yield Output(name, "singer", [file], lambda file=file: rest_records([file]))


class SimpleSalesforce(Tool):
    group, peer = "peer", "py"

    def __init__(self):
        super().__init__("simple-salesforce", "simple-salesforce `bulk2.download`")

    def version(self, run):
        return "simple-salesforce " + run.peers.version("py")

    def command(self, run):
        settings = run.emulator.settings
        driver = [str(run.peers.python["py"]), str(DRIVERS / "simple_salesforce_driver.py")]
        return [*driver, settings["url"], settings["access_token"], VERSION, "out", SOQL, *run.objects]

    def outputs(self, run):
        for name in run.objects:
            yield csv_output(name, (run.folder / "out" / name).glob("*.csv"))


class SalesforceCli(Tool):
    group, peer = "peer", "js"

    def __init__(self):
        super().__init__("sf", "sf `data export bulk`")

    def version(self, run):
        return "@salesforce/cli " + run.peers.version("js")

    def environment(self, run):
        settings = run.emulator.settings
        return {
            "HOME": str(run.folder / "home"), "SF_ACCESS_TOKEN": settings["access_token"], "SF_DISABLE_TELEMETRY": "true",
            "SF_AUTOUPDATE_DISABLE": "true", "SF_SKIP_NEW_VERSION_CHECK": "true", "SF_USE_GENERIC_UNIX_KEYCHAIN": "true", "SF_ORG_API_VERSION": VERSION,
        }

    def sf(self, run):
        return [str(run.peers.node), str(run.peers.sf)]

    def prepare(self, run):
        (run.folder / "home").mkdir()
        login = ["org", "login", "access-token", "--instance-url", run.emulator.url, "--no-prompt", "--alias", "emulated"]
        environment = {"PATH": os.environ["PATH"], **self.environment(run)}
        done = subprocess.run([*self.sf(run), *login], env=environment, cwd=run.folder, capture_output=True, text=True, timeout=180)
        if done.returncode != 0:
            raise RuntimeError(f"sf org login: {(done.stdout + done.stderr)[-600:]}")

    def export(self, run, name):
        export = ["data", "export", "bulk", "--query", SOQL.format(name), "--output-file", f"{name}.csv", "--wait", "30", "--target-org", "emulated"]
        return [*self.sf(run), *export]

    def command(self, run):
        if len(run.objects) == 1:
            return self.export(run, run.objects[0])
        return ["sh", "-c", " && ".join(shlex.join(self.export(run, name)) for name in run.objects)]

    def outputs(self, run):
        for name in run.objects:
            yield csv_output(name, [run.folder / f"{name}.csv"])


class TapSalesforce(Tool):
    group, peer = "peer", "tap"

    def __init__(self):
        super().__init__("tap-salesforce", "tap-salesforce, api_type BULK, to a file")

    def version(self, run):
        return "tap-salesforce " + run.peers.version("tap")

    def environment(self, run):
        return {"TAP_LOGIN_URL": run.emulator.url}

    def tap(self, run, *arguments):
        return [str(run.peers.python["tap"]), str(DRIVERS / "tap_salesforce_driver.py"), "--config", "config.json", *arguments]

    def prepare(self, run):
        settings = run.emulator.settings
        config = {
            "client_id": settings["consumer_key"], "client_secret": settings["consumer_secret"], "refresh_token": settings["refresh_token"],
            "start_date": "2000-01-01T00:00:00Z", "api_type": "BULK", "select_fields_by_default": True,
        }
        (run.folder / "config.json").write_text(json.dumps(config))
        environment = {"PATH": os.environ["PATH"], **self.environment(run)}
        done = subprocess.run(self.tap(run, "--discover"), env=environment, cwd=run.folder, capture_output=True, text=True, timeout=300)
        if done.returncode != 0:
            raise RuntimeError(f"tap-salesforce --discover: {done.stderr[-600:]}")
        catalog = json.loads(done.stdout)
        for stream in catalog["streams"]:
            for entry in stream["metadata"]:
                if not entry["breadcrumb"]:
                    entry["metadata"]["selected"] = stream["tap_stream_id"] in run.objects
        (run.folder / "catalog.json").write_text(json.dumps(catalog))

    def command(self, run):
        return self.tap(run, "--properties", "catalog.json")

    def outputs(self, run):
        file = run.folder / "stdout"
        for name in run.objects:
            yield Output(name, "singer", [file], lambda name=name: singer_records(file, name))


class SqliteImport(Tool):
    """The finished CSV into a table, by SQLite's own shell: no org, no network."""

    group = "floor"

    def __init__(self):
        self.shell = shutil.which("sqlite3")
        super().__init__("sqlite-import", "sqlite3 `.import` of the finished CSV" if self.shell else "Python's sqlite3, loading the finished CSV (no sqlite3 shell here)")

    def version(self, run):
        return "sqlite3 " + (output_of(["sqlite3", "--version"]).split()[0] if self.shell else "of Python " + sys.version.split()[0])

    def command(self, run):
        source, name = str(run.truth.path(run.objects[0])), run.objects[0]
        if self.shell:
            return ["sqlite3", "out", f'.import --csv "{source}" {name}']
        return [sys.executable, str(DRIVERS / "sqlite_import.py"), "out", source, name]

    def outputs(self, run):
        base, name = run.folder / "out", run.objects[0]
        yield Output(name, "text", [base], lambda: sqlite_records(base, name))


def output_of(command):
    return subprocess.run(command, capture_output=True, text=True, timeout=60).stdout.strip()

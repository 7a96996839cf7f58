"""The clients of others."""

import json
import os
import shlex
import subprocess

from harness.emulator import VERSION
from harness.tools import DRIVERS, SOQL, Tool
from harness.verify import Output, csv_output, singer_records


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

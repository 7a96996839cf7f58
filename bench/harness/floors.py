"""What orgtap is held against: the bare transfer by curl, and SQLite's own import of a file that is there."""

import shutil
import sys

from harness.emulator import VERSION
from harness.tools import DRIVERS, SOQL, Tool, output_of
from harness.verify import Output, csv_output, rest_records, sqlite_records


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

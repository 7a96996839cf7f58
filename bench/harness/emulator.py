"""An emulated org, as a process of its own, and what it is asked besides what the measured tools ask."""

import json
import os
import select
import signal
import subprocess
import time
import urllib.request

VERSION = "62.0"
START_SECONDS = 1200  # to read millions of records


class Emulator:
    """Runs `orgtap emulator` for a `with` block. `pace` has the flags that make it slow."""

    def __init__(self, orgtap, data, log, pace=(), page_cache_mb=4096):
        self.command = [orgtap, "--quiet", "emulator", "--data", str(data), "--page-cache-mb", str(page_cache_mb), "--json", *pace]
        self.log = log

    def __enter__(self):
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=log, text=True)
        ready, _, _ = select.select([self.process.stdout], [], [], START_SECONDS)
        line = self.process.stdout.readline() if ready else ""
        if not line:
            self.__exit__()
            raise RuntimeError(f"the emulator did not start: {open(self.log).read()[-600:]}")
        self.settings = json.loads(line)
        self.url = self.settings["url"]
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def ask(self, path, document=None):
        """Asks for a JSON document, as a client does."""
        body = None if document is None else json.dumps(document).encode()
        request = urllib.request.Request(self.url + path, body, self.headers())
        with self.opener.open(request, timeout=300) as answer:
            return json.load(answer)

    def headers(self):
        return {"Authorization": f"Bearer {self.settings['access_token']}", "Content-Type": "application/json"}

    def stats(self):
        return self.ask("/__emulator/stats")

    def cpu(self):
        """Returns the CPU seconds that the emulator has used."""
        with open(f"/proc/{self.process.pid}/stat") as file:
            values = file.read().rpartition(")")[2].split()
        return (int(values[11]) + int(values[12])) / os.sysconf("SC_CLK_TCK")

    def peak_bytes(self):
        with open(f"/proc/{self.process.pid}/status") as file:
            return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM"))

    def result_pages(self, soql, operation="query"):
        """Has a query job done, and returns the addresses of its result pages."""
        root = f"/services/data/v{VERSION}/jobs/query"
        job = self.ask(root, {"operation": operation, "query": soql})["id"]
        deadline = time.monotonic() + 300
        while self.ask(f"{root}/{job}")["state"] != "JobComplete":
            if time.monotonic() > deadline:
                raise RuntimeError("the query job does not end")
            time.sleep(0.2)
        pages, following = [], f"{root}/{job}/resultPages"
        while following:
            answer = self.ask(following)
            pages += [self.url + page["resultUrl"] for page in answer["resultPages"]]
            following = answer.get("nextRecordsUrl")
        return pages

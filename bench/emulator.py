#!/usr/bin/env python3
"""How fast the emulator serves result pages that it rendered before, and in how much memory. See bench/README.md.

While it serves, the emulator runs on one core, the reader on another. Exits with 1 where it serves less than the limit, or takes more memory.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from harness.emulator import Emulator  # noqa: E402, found beside this file

OBJECT = "Shipment__c"
LIMIT_CSV_MB, LIMIT_MEMORY_MB = 300, 200


class Pinned(Emulator):
    """An emulator of made-up records, which can be kept on one core."""

    def __init__(self, orgtap, records, core, log, cache_mb):
        super().__init__(orgtap, "", log, page_cache_mb=cache_mb)
        # Six of a hundred records of the demo org are shipments, once its users (2,000 of a large one) are taken off.
        flags = ["--records", str(records * 100 // 6 + 2_001), "--page-cache-mb", str(cache_mb)]
        self.command = [orgtap, "--quiet", "emulator", "--json", *flags]
        self.core = core

    def pin(self):
        """Keeps it on its core from now on: all threads it has, and those that they start."""
        subprocess.run(["taskset", "--all-tasks", "--cpu-list", "--pid", self.core, str(self.process.pid)], check=True, stdout=subprocess.DEVNULL)


def read(url, token):
    """Reads a page, and returns its bytes on the wire, as CSV, and its records."""
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}", "Accept-Encoding": "gzip"})
    wire = csv = 0
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=600) as answer:
        unpack = zlib.decompressobj(31)
        while piece := answer.read(1 << 20):
            wire += len(piece)
            csv += len(unpack.decompress(piece))
        return wire, csv, int(answer.headers["Sforce-NumberOfRecords"])


def fetch(urls, token, core):
    """Has one curl read all pages over one connection, and returns the seconds it took."""
    with tempfile.NamedTemporaryFile("w", suffix=".curl") as config:
        lines = [f'header = "Authorization: Bearer {token}"', 'header = "Accept-Encoding: gzip"', "silent", "show-error", "fail"]
        lines += [f'url = "{url}"\noutput = "/dev/null"' for url in urls]
        config.write("\n".join(lines))
        config.flush()
        start = time.monotonic()
        subprocess.run(["taskset", "-c", str(core), "curl", "--noproxy", "*", "--config", config.name], check=True)
        return time.monotonic() - start


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--records", type=int, default=10_000_000)
    options.add_argument("--cache-mb", type=int, default=8_192)
    options.add_argument("--orgtap", default=os.path.join(os.environ.get("CARGO_TARGET_DIR", "target"), "release", "orgtap"))
    options.add_argument("--cores", default="0,1", help="the emulator's and the reader's")
    options = options.parse_args()
    server_core, reader_core = options.cores.split(",")

    with tempfile.NamedTemporaryFile() as log, Pinned(options.orgtap, options.records, server_core, log.name, options.cache_mb) as org:
        fields = org.ask(f"/services/data/v62.0/sobjects/{OBJECT}/describe")["fields"]
        names = [field["name"] for field in fields if field["type"] not in ("address", "location", "base64")]
        start = time.monotonic()
        urls = org.result_pages(f"SELECT {', '.join(names)} FROM {OBJECT}", "queryAll")
        token = org.settings["access_token"]
        with ThreadPoolExecutor(2) as readers:
            pages = list(readers.map(lambda url: read(url, token), urls))
        rendering = time.monotonic() - start
        wire, csv, records = (sum(column) for column in zip(*pages))
        org.pin()
        cpu = org.cpu()
        seconds = fetch(urls, token, reader_core)
        cpu = org.cpu() - cpu
        memory = org.peak_bytes()

    print("| records | pages | CSV, MB | on the wire, MB | rendered in, s | served in, s | CPU, s | CSV, MB/s | wire, MB/s | peak memory, MB |")
    print("|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|")
    print(
        f"| {records:,} | {len(urls)} | {csv / 1e6:,.0f} | {wire / 1e6:,.0f} | {rendering:.0f} | {seconds:.1f} | {cpu:.1f} "
        f"| {csv / 1e6 / seconds:,.0f} | {wire / 1e6 / seconds:,.0f} | {memory / 1e6:.0f} |"
    )
    if csv / 1e6 / seconds < LIMIT_CSV_MB or memory / 1e6 > LIMIT_MEMORY_MB:
        sys.exit(f"less than {LIMIT_CSV_MB} MB/s, or more than {LIMIT_MEMORY_MB} MB of memory")


main()

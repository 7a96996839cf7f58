"""The clients of others, installed from their registries into a folder that `conformance/run.sh` shares."""

import json
import subprocess
import sys

PYTHON = {"py": ("simple-salesforce", "1.12.10"), "tap": ("tap-salesforce", "2.8.1")}
NODE = ["node@22", "@salesforce/cli@2"]
INSTALL_SECONDS = 900


class Peers:
    def __init__(self, folder):
        self.folder = folder
        self.python = {name: folder / name / "bin" / "python" for name in PYTHON}
        self.node = folder / "js/node_modules/node/bin/node"
        self.sf = folder / "js/node_modules/@salesforce/cli/bin/run.js"

    def install(self, name):
        """Installs a client unless it is there. Raises with what the installer said."""
        if name == "js":
            if not (self.node.exists() and self.sf.exists()):
                self._install_node()
        elif self.version(name) != PYTHON[name][1]:
            package, version = PYTHON[name]
            if not self.python[name].exists():
                _run([sys.executable, "-m", "venv", str(self.folder / name)])
            pip = [str(self.python[name]), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            _run([*pip, f"{package}=={version}"])

    def _install_node(self):
        folder = self.folder / "js"
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "package.json").exists():
            (folder / "package.json").write_text('{"private": true}')
        _run(["npm", "install", "--prefix", str(folder), "--silent", "--no-audit", "--no-fund", *NODE])

    def version(self, name):
        """Returns the version that is installed, or an empty text."""
        try:
            if name == "js":
                return json.loads((self.sf.parent.parent / "package.json").read_text())["version"]
            ask = f"import importlib.metadata as m; print(m.version({PYTHON[name][0]!r}))"
            done = subprocess.run([self.python[name], "-c", ask], capture_output=True, text=True, timeout=60)
            return done.stdout.strip()
        except (OSError, ValueError, KeyError, subprocess.TimeoutExpired):
            return ""


def _run(command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_SECONDS)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command[:4])}…: {(done.stderr or done.stdout)[-600:]}")

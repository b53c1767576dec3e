"""How the samples of each language are run."""

import json
import os
import re
import subprocess
import threading
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

from limit import SECONDS, bounded


@dataclass
class Outcome:
    """How a sample ended, and what it said."""

    code: int
    out: str
    err: str


class Language:
    """A language whose samples are programs. `command` begins with what runs a file, unless it is compiled first."""

    name = extension = None
    command = []
    # Of pages that ask from elsewhere.
    origin = None

    def __init__(self, root, folder):
        self.files, self.folder = root / "samples" / self.name, folder
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8"}
        self.compiled = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def file(self, operation):
        return f"{operation}.{self.extension}"

    def program(self, operation):
        """What is executed for an operation."""
        return [*self.command, str(self.files / self.file(operation))]

    def call(self, operation, url, token, **more):
        """Runs a sample; `more` is what it reads further of its environment."""
        environment = self.environment | {"KEYBEARER_URL": url, "KEYBEARER_TOKEN": token} | more
        return self.execute(self.program(operation), environment)

    def execute(self, command, environment):
        ended = subprocess.run(
            command, cwd=self.folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS, check=False
        )
        return Outcome(ended.returncode, ended.stdout, ended.stderr)

    def compile(self, operation, *command):
        """Compiles a file the first time that it is asked for."""
        if not self.compiled.get(operation):
            ended = self.execute(command, self.environment)
            if ended.code != 0:
                raise RuntimeError(f"{self.file(operation)} is not compiled: {ended.out}{ended.err}")
            self.compiled[operation] = True


class Curl(Language):
    name, extension = "curl", "sh"


class Node(Language):
    name, extension, command = "node", "mjs", ["node"]


class Python(Language):
    name, extension, command = "python", "py", ["python3", "-B"]


class Java(Language):
    name, extension = "java", "java"
    # The fewest steps until it runs: each of them is short.
    machine = ["java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]

    def program(self, operation):
        """The first time the file itself, as one runs it by hand; then what was compiled of it, which starts sooner."""
        file = self.files / self.file(operation)
        if operation not in self.compiled:
            self.compiled[operation] = None
            return [*self.machine, str(file)]
        if not any(self.compiled.values()):
            self.compile(operation, "javac", "-d", str(self.folder), *map(str, sorted(self.files.iterdir())))
        return [*self.machine, "-cp", str(self.folder), re.search(r"^class (\w+)", file.read_text(), re.MULTILINE)[1]]


class CSharp(Language):
    name, extension = "csharp", "cs"

    def program(self, operation):
        made = str(self.folder / f"{operation}.exe")
        libraries = "-reference:System.Net.Http,System.Runtime.Serialization,System.Xml,System.Xml.Linq"
        self.compile(operation, "mcs", "-warnaserror", libraries, f"-out:{made}", str(self.files / self.file(operation)))
        return ["mono", made]


class Php(Language):
    name, extension, command = "php", "php", ["php"]


class Go(Language):
    name, extension = "go", "go"

    def __init__(self, root, folder):
        super().__init__(root, folder)
        # Only what comes with Go itself.
        self.environment |= {"GO111MODULE": "off", "GOPROXY": "off"}

    def program(self, operation):
        made = str(self.folder / operation)
        self.compile(operation, "go", "build", "-o", made, str(self.files / self.file(operation)))
        return [made]


class Ruby(Language):
    name, extension, command = "ruby", "rb", ["ruby", "-w"]


class R(Language):
    name, extension, command = "r", "r", ["Rscript", "--vanilla"]


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


class JavaScript(Language):
    """A module in a page of another origin than the server's, in a real browser."""

    name, extension = "javascript", "js"

    def __init__(self, root, folder):
        super().__init__(root, folder)
        self.root = root

    def __enter__(self):
        installed = self.execute([str(self.root / "e2e/install")], dict(os.environ))
        if installed.code != 0:
            raise RuntimeError(f"e2e/install: {installed.out}{installed.err}")
        self.pages = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(self.files)))
        threading.Thread(target=self.pages.serve_forever, daemon=True).start()
        # Another name than the server's, and another port.
        self.origin = f"http://localhost:{self.pages.server_address[1]}"
        browser = ["node", str(self.root / "scripts/samples/browser.mjs"), self.origin]
        environment = self.environment | {"CHROMIUM": os.environ.get("CHROMIUM", "/usr/bin/chromium")}
        self.browser = subprocess.Popen(browser, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(self, *_):
        self.browser.stdin.close()
        with bounded(self.browser):
            self.browser.wait()
        self.browser.stdout.close()
        self.pages.shutdown()
        self.pages.server_close()

    def call(self, operation, url, token, **more):
        arguments = [url, token, *more.values()]
        self.browser.stdin.write(json.dumps({"file": self.file(operation), "arguments": arguments}) + "\n")
        self.browser.stdin.flush()
        with bounded(self.browser):
            line = self.browser.stdout.readline()
        if not line:
            raise RuntimeError("the browser has ended")
        answer = json.loads(line)
        if "error" in answer:
            return Outcome(1, "", answer["error"])
        # Whether a key is good is yes or no. The other languages say no by failing.
        if answer["result"] is False:
            return Outcome(1, "", "refused")
        return Outcome(0, "valid" if answer["result"] is True else json.dumps(answer["result"]), "")


# The slowest first, so that nobody waits for one of them at the end.
LANGUAGES = [Java, R, CSharp, Go, JavaScript, Node, Python, Ruby, Php, Curl]

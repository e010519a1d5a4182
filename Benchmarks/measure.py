"""The turns of scripts/bench: drives wrk against each proxy in turn, reads the proxies' CPU time, prints a table.

Everything runs already; the script tells where. Turns alternate (A B C … A B C …), because a machine's speed drifts by
minutes: each round's ratios compare what was measured within seconds of each other.
"""

import argparse
import datetime
import http.client
import json
import os
import re
import statistics
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
TICK = os.sysconf("SC_CLK_TCK")
BEGIN, END = "<!-- scripts/bench --write begins -->", "<!-- scripts/bench --write ends -->"

# What a browser sends, and one field of those that clients must not send.
BROWSER = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Language": "en-US,en;q=0.5",
    "Accept-Encoding": "gzip, deflate, br",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Dest": "document",
    "X-Remote-User": "mallory",
}
OTHER_COOKIES = "theme=dark; csrftoken=4c1f8e0b2a9d47f3"


@dataclass
class Row:
    name: str
    proxy: str
    port: int
    path: str
    status: int = 200
    length: int = 1024
    connections: int = 0
    signed_in: bool = True
    baseline: str = "nginx"
    turns: list = field(default_factory=list)


@dataclass
class Turn:
    cpu: float  # microseconds per request
    rate: float
    p50: float
    p99: float
    busy: float  # of one core


def main():
    options = arguments()
    rows = planned(options)
    for row in rows:
        expect(row, options)
    load = os.getloadavg()[0]
    for number in range(options.rounds):
        for row in rows:
            say(f"round {number + 1} of {options.rounds}: {row.name}")
            row.turns.append(take_turn(row, options))
    say("")
    report = "\n".join([*machine(options, load), "", *table(rows)])
    print(report)
    if options.write:
        write(Path(options.write), report)
        print(f"written into {options.write}", file=sys.stderr)


def say(text):
    """On one line of a terminal, over what was said before."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def arguments():
    parser = argparse.ArgumentParser()
    for name in ("nginx-pid", "gatehouse-pid", "plain-port", "logged-port", "auth-port", "gatehouse-port", "shared-pid", "shared-port"):
        parser.add_argument(f"--{name}", type=int, required=True)
    for name in ("seconds", "rounds", "connections"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--host", required=True)
    parser.add_argument("--cookie-file", required=True)
    parser.add_argument("--shared-cookie-file", required=True, help="of the gateway whose sessions are in Redis")
    parser.add_argument("--state", required=True)
    parser.add_argument("--gatehouse-version", required=True)
    parser.add_argument("--build", required=True, help="how that was built, in words")
    parser.add_argument("--load-core", help="the core of wrk and the backend; without it nothing is pinned")
    parser.add_argument("--only", default="", help="rows whose name contains this")
    parser.add_argument("--write")
    options = parser.parse_args()
    files = {"gatehouse": options.cookie_file, "shared": options.shared_cookie_file}
    options.cookies = {name: Path(file).read_text(encoding="utf-8").strip() for name, file in files.items()}
    options.pids = {"nginx": options.nginx_pid, "gatehouse": options.gatehouse_pid, "shared": options.shared_pid}
    return options


def planned(options):
    few = min(8, options.connections)
    many = options.connections
    mebi = 1024 * 1024
    gatehouse = options.gatehouse_port
    rows = [
        Row("nginx, plain proxy", "nginx", options.plain_port, "/page"),
        Row("nginx, access log to a file in memory", "nginx", options.logged_port, "/page"),
        Row("nginx, auth_request to a service that answers 204", "nginx", options.auth_port, "/page"),
        Row("Gatehouse, signed in", "gatehouse", gatehouse, "/page"),
        Row("Gatehouse, signed in, session in Redis", "shared", options.shared_port, "/page"),
        Row("Gatehouse, public path, no session", "gatehouse", gatehouse, "/public/page", signed_in=False),
        Row("Gatehouse, 302 to the sign-in page", "gatehouse", gatehouse, "/page", 302, 0, signed_in=False),
        Row("nginx, plain proxy, 1 MiB", "nginx", options.plain_port, "/big", 200, mebi, few, baseline="big"),
        Row("Gatehouse, signed in, 1 MiB", "gatehouse", gatehouse, "/big", 200, mebi, few, baseline="big"),
    ]
    for row in rows:
        row.connections = row.connections or many
    return [row for row in rows if options.only.lower() in row.name.lower() or row.name.startswith("nginx, plain proxy")]


def request_fields(row, options):
    cookie = options.cookies.get(row.proxy, options.cookies["gatehouse"])
    cookies = f"{cookie}; {OTHER_COOKIES}" if row.signed_in else OTHER_COOKIES
    return {"Host": f"{options.host}:{options.gatehouse_port}", **BROWSER, "Cookie": cookies}


def expect(row, options):
    """One request by hand: a benchmark of the wrong answer is worth nothing."""
    connection = http.client.HTTPConnection("127.0.0.1", row.port, timeout=10)
    connection.request("GET", row.path, headers=request_fields(row, options))
    response = connection.getresponse()
    body = response.read()
    connection.close()
    if response.status != row.status or len(body) != row.length:
        sys.exit(
            f"bench: {row.name}: {response.status} with {len(body)} bytes instead of {row.status} with {row.length}"
        )


def take_turn(row, options):
    wrk(row, options, 1)
    pids = tree(options.pids[row.proxy])
    before = cpu_time(pids)
    found = wrk(row, options, options.seconds)
    spent = cpu_time(pids) - before
    if found["refused"] or found["broken"] or not found["requests"]:
        sys.exit(f"bench: {row.name}: wrk counted errors: {found}")
    return Turn(
        cpu=spent * 1e6 / found["requests"],
        rate=found["requests"] / found["seconds"],
        p50=found["p50_ms"],
        p99=found["p99_ms"],
        busy=spent / found["seconds"],
    )


def wrk(row, options, seconds):
    script = Path(options.state) / "request.lua"
    lines = [f"wrk.headers[{json.dumps(name)}] = {json.dumps(text)}" for name, text in request_fields(row, options).items()]
    script.write_text("\n".join([*lines, f"dofile({json.dumps(str(HERE / 'report.lua'))})", ""]), encoding="utf-8")
    command = ["wrk", "--threads=1", f"--connections={row.connections}", f"--duration={seconds}s", "--timeout=10s"]
    command += [f"--script={script}", f"http://127.0.0.1:{row.port}{row.path}"]
    if options.load_core:
        command = ["taskset", "--cpu-list", options.load_core, *command]
    output = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True).stdout
    return json.loads(re.search(r"^BENCH (.*)$", output, re.MULTILINE)[1])


def stat(pid):
    """The fields of /proc/PID/stat behind the name, which may hold anything: state, parent, …"""
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()


def tree(root):
    """A process and all below it."""
    children = {}
    for path in Path("/proc").iterdir():
        if path.name.isdecimal():
            try:
                children.setdefault(int(stat(path.name)[1]), []).append(int(path.name))
            except (FileNotFoundError, ProcessLookupError):
                continue  # ended in the meantime
    found = [root]
    for pid in found:
        found += children.get(pid, [])
    return found


def cpu_time(pids):
    """User and system time of all threads, in seconds."""
    return sum(int(text) for pid in pids for text in stat(pid)[11:13]) / TICK


def spread(values, digits):
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f}–{max(values):.{digits}f})"


def table(rows):
    yield "| | CPU µs per request | to nginx, same round | requests/s | p50 / p99 ms | core busy |"
    yield "|---|--:|--:|--:|--:|--:|"
    bases = {("big" if row.path == "/big" else "nginx"): row for row in rows if row.name.startswith("nginx, plain proxy")}
    for row in rows:
        ratios = [turn.cpu / base.cpu for turn, base in zip(row.turns, bases[row.baseline].turns)]
        columns = [
            row.name,
            spread([turn.cpu for turn in row.turns], 1 if row.length < 65536 else 0),
            "1" if row is bases[row.baseline] else spread(ratios, 2),
            f"{statistics.median(turn.rate for turn in row.turns):,.0f}",
            " / ".join(f"{statistics.median(values):.2f}" for values in zip(*((t.p50, t.p99) for t in row.turns))),
            f"{statistics.median(turn.busy for turn in row.turns):.2f}",
        ]
        yield "| " + " | ".join(columns) + " |"


def first_match(pattern, text, default="unknown"):
    found = re.search(pattern, text, re.MULTILINE)
    return found[1].strip() if found else default


def version_of(command, pattern):
    found = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    return first_match(pattern, found.stdout + found.stderr)


def machine(options, load):
    cpu = first_match(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    memory = int(first_match(r"^MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text(encoding="utf-8"), "0")) / 1024**2
    system = first_match(r'^PRETTY_NAME="?([^"\n]*)', Path("/etc/os-release").read_text(encoding="utf-8"))
    kernel = re.match(r"\d+(\.\d+)*", os.uname().release)[0]
    nginx = version_of(["nginx", "-v"], r"nginx/(\S+)")
    wrk_version = version_of(["wrk", "-v"], r"wrk (?:debian/)?(\S+)")
    pins = (
        f"wrk and backend on core {options.load_core}, the proxy on another"
        if options.load_core
        else "a single core: nothing pinned, and the load generator takes its share of it"
    )
    yield (
        f"{datetime.date.today().isoformat()}: {os.cpu_count()} × {cpu}, {memory:.0f} GiB, {system}, Linux {kernel}; "
        f"Gatehouse {options.gatehouse_version} ({options.build}), nginx {nginx}, "
        f"wrk {wrk_version}."
    )
    yield (
        f"{options.connections} connections (1 MiB: {min(8, options.connections)}), {options.rounds} rounds of "
        f"{options.seconds} s a row after 1 s of warming up; median (least–most). Load average at the start: {load:.2f}. "
        f"Pins: {pins}."
    )


def write(path, report):
    text = path.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        sys.exit(f"bench: {path} lacks the two comments between which the table belongs")
    path.write_text(f"{before}{BEGIN}\n{report}\n{END}{after}", encoding="utf-8")


main()

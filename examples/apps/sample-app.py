#!/usr/bin/env python3
"""A small web application that trusts its login gateway and says who the gateway says you are.

    sample-app.py --app crm --port 9001
    sample-app.py --app partners --port 9002

It knows no passwords and no directory: a legacy application in miniature. Pages are HTML; with "Accept:
application/json" (or ?format=json) the same facts come as JSON, every header field as it arrived. It listens on
loopback alone, because whoever reaches it directly can claim to be anybody: that is what the gateway is for.
"""

import argparse
import json
import re
import signal
import sys
import threading
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, quote, unquote, urlsplit

IDENTITY = re.compile(r"^(remote-|x-xrm-|x-gatehouse-)", re.IGNORECASE)
LARGEST_BODY = 64 * 1024 * 1024
PARTNERS = {"brightline": "Brightline Media", "kessler": "Kessler & Partner"}
ORGANIZATIONS = {**PARTNERS, "nordwind": "Nordwind Handels AG"}
PARTNER_APPS = {
    "marketing": ("Marketing", ["Spring campaign, banners and texts", "Price list, June", "Photos of the new range"]),
    "education": ("Education", ["Product basics, 40 minutes", "Selling abroad: customs and papers", "Certificate 2026"]),
    "reports": ("Reports", ["Orders by month", "Returns by region", "Forecast for the next quarter"]),
    "commissions": ("Commissions", ["Statement May: 4,210.00 EUR", "Statement June: 3,874.50 EUR", "Bank account"]),
}
CRM_PAGES = {
    "/": ("Customers", ["Hansen Marine A/S, Aarhus", "Örebro Kontorsvaror AB", "株式会社さくら商事, Tokyo"]),
    "/leads": ("Leads", ["Baltic Ferries: offer sent", "Café Zoë: first call on Monday"]),
    "/invoices": ("Invoices", ["2026-0417 Hansen Marine: 12,400.00 EUR, paid", "2026-0421 Örebro: 980.00 EUR, open"]),
    "/admin": ("CRM administration", ["Import customers", "Merge duplicates", "Field settings"]),
}

STYLE = """
:root { color-scheme: light dark; --ink: #1d2433; --soft: #5b6478; --paper: #f5f6f9; --card: #fff; --line: #dfe3ea;
  --accent: %(light)s; --on-accent: #fff }
@media (prefers-color-scheme: dark) { :root { --ink: #e8ebf2; --soft: #a3adc2; --paper: #12151c; --card: #1b2029;
  --line: #333b4a; --accent: %(dark)s; --on-accent: #10131a } }
* { box-sizing: border-box }
body { margin: 0; font: 16px/1.5 system-ui, "DejaVu Sans", sans-serif; color: var(--ink); background: var(--paper) }
header { background: var(--accent); color: var(--on-accent) }
header div, main { max-width: 60rem; margin: 0 auto; padding: 1rem 1.25rem }
header div { display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; align-items: baseline }
header strong { font-size: 1.15rem } header a { color: inherit } header .who { margin-left: auto }
nav { display: flex; flex-wrap: wrap; gap: .25rem 1rem }
section, details { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: .4rem 1.25rem 1rem;
  margin: 1rem 0; overflow-x: auto }
details { padding-top: 1rem } summary { cursor: pointer }
h1 { font-size: 1.5rem; margin: .6rem 0 .2rem } h2 { font-size: 1.05rem; margin: .8rem 0 .3rem } p { margin: .4rem 0 }
table { border-collapse: collapse; width: 100%% } caption { text-align: left; color: var(--soft); padding-bottom: .4rem }
th, td { text-align: left; vertical-align: top; padding: .35rem .75rem .35rem 0; border-top: 1px solid var(--line) }
th { font-weight: 600; white-space: nowrap } td { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: .9rem;
  overflow-wrap: anywhere } .soft { color: var(--soft) }
@media (max-width: 36rem) { th, td { display: block; padding-right: 0 } td { border-top: 0; padding-top: 0 } }
"""


class Identity:
    """What the gateway sent about the person; empty strings where it sent nothing."""

    def __init__(self, fields):
        values = {}
        for name, value in fields:
            values.setdefault(name.lower(), value)
        self.user = values.get("remote-user", "")
        self.name = values.get("remote-name", "") or self.user
        self.roles = [role.strip() for role in values.get("x-xrm-roles", "").split(",") if role.strip()]
        self.organization = values.get("x-xrm-organization", "")


class CRM:
    title = "Nordwind CRM"
    colours = {"light": "#0b5cad", "dark": "#7db8f5"}

    def navigation(self, identity):
        return [(path, title) for path, (title, _) in CRM_PAGES.items()]

    def page(self, path, identity):
        first = "/" + path.split("/")[1]
        if first not in CRM_PAGES:
            return None
        title, lines = CRM_PAGES[first]
        return title, "", lines


class PartnerPortal:
    title = "Nordwind for Partners"
    colours = {"light": "#7a3e9d", "dark": "#d3a6ee"}

    def organizations(self, identity):
        """The organisations to link to. A link is no permission: the gateway compares the path with the person."""
        return list(PARTNERS) if "partner-desk" in identity.roles else [identity.organization or "unknown"]

    def navigation(self, identity):
        own = self.organizations(identity)[0]
        return [("/", "Overview")] + [(f"/{key}/{quote(own, safe='')}/", title) for key, (title, _) in PARTNER_APPS.items()]

    def page(self, path, identity):
        parts = [unquote(part) for part in path.split("/")[1:]]
        if parts[0] == "":
            lines = [
                (f"{title} for {ORGANIZATIONS.get(who, who)}", f"/{key}/{quote(who, safe='')}/")
                for who in self.organizations(identity)
                for key, (title, _) in PARTNER_APPS.items()
            ]
            return "Overview", "What opens depends on your role and your organisation.", lines
        if parts[0] not in PARTNER_APPS or len(parts) < 2 or not parts[1]:
            return None
        title, lines = PARTNER_APPS[parts[0]]
        return f"{title}: {ORGANIZATIONS.get(parts[1], parts[1])}", "Data of this organisation alone.", lines


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "SampleApp"
    sys_version = ""
    timeout = 75
    wbufsize = -1  # one write for head and body
    disable_nagle_algorithm = True

    def do_GET(self):
        body_length = self.read_body()
        if body_length is None:
            return
        target = urlsplit(self.path)
        if target.path == "/health":
            return self.answer(200, "text/plain; charset=utf-8", b"ok\n")
        fields = [(name, utf8(value)) for name, value in self.headers.items()]
        identity = Identity(fields)
        page = self.server.app.page(target.path, identity)
        status = 200 if page else 404
        wants_json = "application/json" in self.headers.get("Accept", "") or parse_qs(target.query).get("format") == ["json"]
        if wants_json:
            facts = {
                "app": self.server.app.title,
                "status": status,
                "user": identity.user,
                "name": identity.name,
                "roles": identity.roles,
                "organization": identity.organization,
                "method": self.command,
                "target": self.path,
                "body_bytes": body_length,
                "headers": fields,
            }
            text = json.dumps(facts, ensure_ascii=False, indent=2) + "\n"
            return self.answer(status, "application/json; charset=utf-8", text.encode())
        title, lead, lines = page or ("Not here", "This application has no such page.", [])
        self.answer(status, "text/html; charset=utf-8", self.render(title, lead, lines, identity, fields).encode())

    do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_GET

    def render(self, title, lead, lines, identity, fields):
        app = self.server.app
        identity_fields = [field for field in fields if IDENTITY.match(field[0])]
        other_fields = [field for field in fields if not IDENTITY.match(field[0])]
        links = "".join(f'<a href="{escape(path)}">{escape(text)}</a>' for path, text in app.navigation(identity))
        items = "".join(
            f'<li><a href="{escape(line[1])}">{escape(line[0])}</a></li>' if isinstance(line, tuple) else f"<li>{escape(line)}</li>"
            for line in lines
        )
        if identity.user:
            who = f"The gateway says that you are <strong>{escape(identity.name)}</strong> (<code>{escape(identity.user)}</code>)."
            corner = f'{escape(identity.name)} · <a href="/.gatehouse/sign-out">Sign out</a>'
        else:
            who = "The gateway says nothing about you: nobody is signed in, or nobody stands in front of this application."
            corner = "Nobody is signed in"
        return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)} · {escape(app.title)}</title>
<style>{STYLE % app.colours}</style>
</head>
<body>
<header><div><strong>{escape(app.title)}</strong><nav aria-label="Sections">{links}</nav><span class="who">{corner}</span></div></header>
<main>
<section>
<h1>{escape(title)}</h1>
{f'<p class="soft">{escape(lead)}</p>' if lead else ""}
<ul>{items}</ul>
</section>
<section>
<h2>Who you are</h2>
<p>{who}</p>
{table("Identity headers that arrived here", identity_fields)}
<p class="soft">Request: <code>{escape(self.command)} {escape(self.path)}</code></p>
</section>
<details>
<summary>All other headers of this request</summary>
{table("Other headers", other_fields)}
</details>
</main>
</body>
</html>
"""

    def handle_expect_100(self):
        going_on = super().handle_expect_100()
        self.wfile.flush()
        return going_on

    def answer(self, status, content_type, body):
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.wfile.flush()

    def read_body(self):
        """Reads the body to its end, so that the next request on this connection begins where it should."""
        encoding = self.headers.get("Transfer-Encoding")
        length = self.headers.get("Content-Length")
        try:
            if encoding is not None:
                if encoding.strip().lower() != "chunked" or length is not None:
                    raise ValueError("framing")
                return self.read_chunks()
            remaining = 0 if length is None else int(length) if length.isascii() and length.isdigit() else -1
            if not 0 <= remaining <= LARGEST_BODY:
                raise ValueError("length")
            total = remaining
            while remaining:
                data = self.rfile.read(min(remaining, 65536))
                if not data:
                    raise ValueError("cut off")
                remaining -= len(data)
            return total
        except ValueError:
            self.close_connection = True
            self.send_error(400)
            return None

    def read_chunks(self):
        total = 0
        while True:
            line = self.rfile.readline(1024)
            if not line.endswith(b"\r\n"):
                raise ValueError("chunk")
            size = int(line.split(b";")[0], 16)
            total += size
            if size < 0 or total > LARGEST_BODY:
                raise ValueError("chunk")
            if size == 0:
                while self.rfile.readline(65536).strip():
                    pass
                return total
            while size:
                data = self.rfile.read(min(size, 65536))
                if not data:
                    raise ValueError("cut off")
                size -= len(data)
            if self.rfile.readline(3) != b"\r\n":
                raise ValueError("chunk")

    def log_message(self, format, *arguments):
        line = format % arguments
        print(self.log_date_time_string(), "".join(c if c.isprintable() else ascii(c)[1:-1] for c in line), flush=True)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address, app):
        self.app = app
        super().__init__(address, Handler)

    def handle_error(self, request, client_address):
        # A client that went away in the middle is no news.
        if not isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)


def utf8(value):
    """The gateway sends UTF-8; Python's server reads fields as Latin-1."""
    try:
        return value.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return value


def table(caption, fields):
    if not fields:
        return f'<p class="soft">{escape(caption)}: none.</p>'
    rows = "".join(f'<tr><th scope="row">{escape(name)}</th><td>{escape(value)}</td></tr>' for name, value in fields)
    return f"<table><caption>{escape(caption)}</caption>{rows}</table>"


def main():
    parser = argparse.ArgumentParser(description="A sample application behind the gateway.")
    parser.add_argument("--app", choices=["crm", "partners"], required=True)
    parser.add_argument("--port", type=int, required=True)
    arguments = parser.parse_args()
    app = CRM() if arguments.app == "crm" else PartnerPortal()
    try:
        server = Server(("127.0.0.1", arguments.port), app)
    except OSError as error:
        sys.exit(f"sample-app.py: 127.0.0.1:{arguments.port}: {error.strerror}")
    for number in (signal.SIGTERM, signal.SIGINT):
        # shutdown() waits for serve_forever(), which this thread is in.
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
    print(f"{app.title} listens on http://127.0.0.1:{server.server_address[1]}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()

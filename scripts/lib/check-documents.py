"""Checks the documents: every relative link leads somewhere, anchors included, and the change log has its place for
what comes next. Prints each fault as FILE:LINE: what; exits 1 if there is one."""

import re
import subprocess
import sys
import unicodedata
from pathlib import Path
from urllib.parse import unquote

ROOT = Path(__file__).resolve().parents[2]
LINK = re.compile(r"!?\[[^\]]*\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
REFERENCE = re.compile(r"^\s{0,3}\[[^\]]+\]:\s+<?(\S+?)>?(?:\s|$)")


def documents():
    """All Markdown files that git would know of; without git, all outside hidden folders."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "*.md"], cwd=ROOT, capture_output=True
    )
    if listed.returncode == 0:
        return sorted(ROOT / name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).exists())
    return sorted(p for p in ROOT.rglob("*.md") if not any(part.startswith(".") for part in p.relative_to(ROOT).parts))


def prose(path):
    """The lines with their numbers, code left out."""
    fence = None
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        marker = re.match(r"\s*(```+|~~~+)", line)
        if marker:
            fence = None if fence else marker[1]
        elif not fence:
            yield number, re.sub(r"`[^`]*`", "", line)


def anchors(path):
    """The anchors that GitHub makes of headings."""
    found = set()
    fenced = False
    for line in path.read_text(encoding="utf-8").splitlines():
        if re.match(r"\s*(```|~~~)", line):
            fenced = not fenced
        heading = None if fenced else re.match(r"#{1,6}\s+(.*?)\s*#*$", line)
        if heading:
            text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading[1]).lower()
            kept = (c for c in text if c in " -_" or unicodedata.category(c)[0] in "LN")
            anchor = base = "".join(kept).replace(" ", "-")
            count = 0
            while anchor in found:
                count += 1
                anchor = f"{base}-{count}"
            found.add(anchor)
    return found


def faults():
    for document in documents():
        name = document.relative_to(ROOT)
        for number, line in prose(document):
            targets = LINK.findall(line) + REFERENCE.findall(line)
            for target in targets:
                if re.match(r"[a-z][a-z0-9+.-]*:|//", target, re.IGNORECASE):
                    continue
                path, _, anchor = unquote(target).partition("#")
                linked = (ROOT / path[1:] if path.startswith("/") else document.parent / path).resolve() if path else document
                if not linked.exists():
                    yield f"{name}:{number}: {target}: there is no such file"
                elif anchor and linked.suffix == ".md" and anchor not in anchors(linked):
                    yield f"{name}:{number}: {target}: {linked.name} has no such heading"
    for required in ["README.md", "LICENSE", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"]:
        if not (ROOT / required).exists():
            yield f"{required}: missing"
    changelog = ROOT / "CHANGELOG.md"
    if changelog.exists() and not re.search(r"^## \[Unreleased\]", changelog.read_text(encoding="utf-8"), re.MULTILINE):
        yield 'CHANGELOG.md: no "## [Unreleased]"'


found = list(faults())
print(*found, sep="\n", end="\n" if found else "")
sys.exit(1 if found else 0)

"""Checks the example configurations by the JSON Schema and the sample organisation against itself. Prints each fault;
exits 1 if there is one. The gateway's own decoder judges the same files in the test suite."""

import base64
import json
import re
import sys
from pathlib import Path

import jsonschema
import yaml

ROOT = Path(__file__).resolve().parents[2]
QUICKSTART = ROOT / "examples" / "quickstart"


def configurations():
    yield "etc/gatehouse.yaml", (ROOT / "etc" / "gatehouse.yaml").read_text(encoding="utf-8")
    text = (QUICKSTART / "gatehouse.yaml.in").read_text(encoding="utf-8")
    text = text.replace("@LISTEN@", '"127.0.0.1:8080"')
    yield "examples/quickstart/gatehouse.yaml.in", re.sub(r"@\w*PORT@", "1234", text)


def entries(name):
    """The records of an LDIF file: attribute, in lower case → values."""
    for record in (QUICKSTART / name).read_text(encoding="utf-8").replace("\n ", "").split("\n\n"):
        entry = {}
        for line in record.splitlines():
            if line and not line.startswith("#"):
                attribute, colon, value = re.match(r"([\w;-]+)(::?) ?(.*)", line).groups()
                value = base64.b64decode(value).decode() if colon == "::" else value
                entry.setdefault(attribute.lower(), []).append(value)
        if entry:
            yield entry


def faults():
    configured = list(configurations())
    for name, text in configured:
        try:
            configuration = yaml.safe_load(text)
        except yaml.YAMLError as error:
            yield f"{name}: {error}"
            continue
        for path in sorted((ROOT / "schema").glob("*.json")):
            schema = json.loads(path.read_text(encoding="utf-8"))
            if "directories" not in schema.get("properties", {}):
                continue  # not the schema of the configuration
            validator = jsonschema.validators.validator_for(schema)
            validator.check_schema(schema)
            for error in validator(schema).iter_errors(configuration):
                yield f"{name}: {error.json_path}: {error.message}"

    people = {entry["uid"][0]: entry for entry in entries("people.ldif")}
    listed = [line.split("\t") for line in (QUICKSTART / "people.tsv").read_text(encoding="utf-8").splitlines() if line[:1] != "#"]
    if set(people) != {columns[0] for columns in listed}:
        yield "examples/quickstart: people.tsv and people.ldif do not name the same people"
    for uid, _, name, _ in listed:
        if uid in people and people[uid]["displayname"] != [name]:
            yield f"examples/quickstart/people.tsv: {uid} is {people[uid]['displayname'][0]} in people.ldif"
    groups = list(entries("groups.ldif"))
    known = {entry["dn"][0] for entry in [*people.values(), *groups]}
    for group in groups:
        for member in group["member"]:
            if member not in known:
                yield f"examples/quickstart/groups.ldif: {group['dn'][0]}: member {member} does not exist"
    for role in yaml.safe_load(configured[1][1])["roles"]:
        for group in role.get("groups", []):
            if group not in known:
                yield f"examples/quickstart/gatehouse.yaml.in: role {role['name']}: group {group} does not exist"


found = list(faults())
print(*found, sep="\n", end="\n" if found else "")
sys.exit(1 if found else 0)

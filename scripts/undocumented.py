"""Names public symbols that have no documentation comment, from symbol graphs. Used by docs.sh."""

import json
import pathlib
import sys

# What a protocol's requirement or a compiler's synthesis documents already.
missing = []
for path in sorted(pathlib.Path(sys.argv[1]).rglob("*.symbols.json")):
    if "@" in path.name:
        continue
    graph = json.loads(path.read_text())
    inherited = {
        edge["source"]
        for edge in graph["relationships"]
        if edge.get("sourceOrigin")
        or edge["kind"] in ("defaultImplementationOf", "overrides")
    }
    for symbol in graph["symbols"]:
        if "docComment" in symbol or symbol["identifier"]["precise"] in inherited:
            continue
        if symbol["kind"]["identifier"] == "swift.extension" or "location" not in symbol:
            continue
        missing.append("%s: %s" % (path.stem.split(".")[0], ".".join(symbol["pathComponents"])))
for line in missing:
    print("undocumented: " + line)
sys.exit(1 if missing else 0)

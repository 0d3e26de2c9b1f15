"""Writes the manual page of a command from what it says of itself.

    adamqlr --experimental-dump-help | manual.py VERSION >adamqlr.1
"""

import json
import sys


def escaped(text):
    """Text that troff takes as it is."""
    lines = text.replace("\\", "\\e").replace("-", "\\-").split("\n")
    return "\n".join("\\&" + line if line[:1] in (".", "'") else line for line in lines)


def paragraphs(text):
    """Paragraphs, those that are indented as they stand."""
    for block in text.split("\n\n"):
        if block.startswith("  "):
            yield from [".PP", ".nf", ".RS"] + [escaped(block)] + [".RE", ".fi"]
        else:
            yield from [".PP", escaped(block)]


def signature(argument):
    value = "\\fI%s\\fR" % escaped(argument.get("valueName", ""))
    if argument["kind"] == "positional":
        return value + (" ..." if argument["isRepeating"] else "")
    names = ", ".join(
        "\\fB%s%s\\fR" % ({"long": "\\-\\-", "short": "\\-"}.get(name["kind"], "\\-"), escaped(name["name"]))
        for name in argument["names"])
    return names if argument["kind"] == "flag" else names + " " + value


def command(node, path, lines):
    path = path + [node["commandName"]]
    if len(path) > 1:
        lines += [".SS " + escaped(" ".join(path)), escaped(node.get("abstract", ""))]
    arguments = [a for a in node.get("arguments", []) if a.get("shouldDisplay", True)]
    for argument in arguments:
        if argument.get("names", [{}])[0].get("name") in ("help", "version"):
            continue
        text = " ".join(filter(None, (argument.get("abstract"), argument.get("discussion"))))
        lines += [".TP", signature(argument), escaped(text)]
    if len(path) > 1 and node.get("discussion"):
        lines += paragraphs(node["discussion"])
    for child in node.get("subcommands", []):
        if child.get("shouldDisplay", True) and child["commandName"] != "help":
            command(child, path, lines)


def main(version):
    root = json.load(sys.stdin)["command"]
    name = root["commandName"]
    lines = [
        '.TH %s 1 "" "%s" ""' % (name.upper(), escaped(version)), ".SH NAME",
        "%s \\- %s" % (name, escaped(root["abstract"])), ".SH SYNOPSIS",
        "\\fB%s\\fR \\fIcommand\\fR [\\fIoptions\\fR]" % name, ".SH DESCRIPTION"]
    lines += paragraphs(root.get("discussion", ""))
    lines.append(".SH COMMANDS")
    command(root, [], lines)
    lines += [
        ".SH EXIT STATUS", "0: all went well. 1: a run diverged, or a figure differs. 64: options or settings. "
        "65: what is in a file. 66: a file that is not there. 73: a file that cannot be made. 74: one that "
        "cannot be written. 130, 143: ended by a signal.",
        ".SH ENVIRONMENT", ".TP", "\\fBADAMQLR_DATA\\fR", "The directory of the data sets.",
        ".TP", "\\fBADAMQLR_DATA_MIRROR\\fR", "A web server to download them from.",
        ".TP", "\\fBXDG_CACHE_HOME\\fR", "The user's cache directory, \\fI~/.cache\\fR by default."]
    print("\n".join(lines))


main(sys.argv[1])

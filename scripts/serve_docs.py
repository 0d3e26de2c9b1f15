"""Serves a folder of DocC's pages on the loopback. Used by docs.sh.

  serve_docs.py FOLDER PORT
"""

import functools
import http.server
import os
import sys


class Pages(http.server.SimpleHTTPRequestHandler):
    """DocC's pages are one program that asks for data: every address below these is its start."""

    def translate_path(self, path):
        found = super().translate_path(path)
        is_page = path.split("?")[0].startswith(("/documentation", "/tutorials"))
        if is_page and not os.path.isfile(found):
            return os.path.join(self.directory, "index.html")
        return found

    def log_message(self, *_):
        pass


handler = functools.partial(Pages, directory=sys.argv[1])
with http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), handler) as server:
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass

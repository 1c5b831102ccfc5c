"""Tally, as its supplier wrote it: says which version it is and how many ships it knows."""

import http.server
import pathlib
import subprocess

HERE = pathlib.Path(__file__).parent
VERSION = (HERE / "VERSION").read_text().strip()
QUERY = "select (select version from office.about) || ' ' || (select count(*) from office.ship)"
ASK = ["psql", "-X", "-A", "-t", "-h", "192.0.2.11", "-p", "5433", "-U", "Tally Office"]


class Answer(http.server.BaseHTTPRequestHandler):
    """One page."""

    def do_GET(self) -> None:
        """Answer, and refuse when the books are of another version."""
        asked = subprocess.run(
            [*ASK, "-d", "tally", "-c", QUERY], capture_output=True, text=True, check=False
        )
        of, _, ships = asked.stdout.strip().partition(" ")
        works = asked.returncode == 0 and of == VERSION
        said = f"Tally {VERSION} with {ships} ships" if works else f"no: {of} {asked.stderr}"
        self.send_response(200 if works else 503)
        self.end_headers()
        self.wfile.write(said.encode())


http.server.ThreadingHTTPServer(("127.0.0.1", 8085), Answer).serve_forever()

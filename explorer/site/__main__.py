"""The pages that need no server: ``python -m explorer.site build public/``, ``serve public/``."""

import argparse
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from os import PathLike
from pathlib import Path

from explorer.site.build import build

TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm"}


class Handler(SimpleHTTPRequestHandler):
    """Serves files with the types that a browser insists on, whatever the machine says of them."""

    def guess_type(self, path: str | PathLike[str]) -> str:
        """The type by the end of a file's name."""
        return TYPES.get(Path(path).suffix) or super().guess_type(path)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing of what goes well."""


def serve(folder: Path, port: int) -> ThreadingHTTPServer:
    """A server of the pages on this machine alone; port 0 takes any that is free."""
    handler = partial(Handler, directory=str(folder))
    return ThreadingHTTPServer(("127.0.0.1", port), handler)


def main(arguments: list[str] | None = None) -> None:
    """Build or serve, as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m explorer.site", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    making = commands.add_parser("build", help="build the pages into a folder")
    making.add_argument("folder", type=Path)
    making.add_argument(
        "--pyodide", type=Path, metavar="DIR", help="a local Pyodide, which becomes a part of them"
    )
    serving = commands.add_parser("serve", help="serve a folder of pages on this machine")
    serving.add_argument("folder", type=Path)
    serving.add_argument("--port", type=int, default=8000)
    given = parser.parse_args(arguments)
    try:
        if given.command == "build":
            build(given.folder, given.pyodide)
        else:
            server = serve(given.folder, given.port)
            print(f"http://127.0.0.1:{server.server_port}/", flush=True)
            server.serve_forever()
    except ValueError as error:
        parser.error(str(error))
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()

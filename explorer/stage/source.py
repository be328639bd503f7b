"""What the browser runs, as texts: the modules of js/ joined into one, without a build step."""

import re
from pathlib import Path

FOLDER = Path(__file__).parent
IMPORT = re.compile(r'^import [^;]+ from "\./([\w-]+\.js)";\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?!default)", re.MULTILINE)


def script() -> str:
    """js/main.js and all that it imports, each module once and after those that it needs."""
    begun: set[str] = set()

    def modules(name: str) -> list[str]:
        if name in begun:
            return []
        begun.add(name)
        text = (FOLDER / "js" / name).read_text(encoding="utf-8")
        needed = [part for other in IMPORT.findall(text) for part in modules(other)]
        return [*needed, EXPORT.sub("", IMPORT.sub("", text))]

    return "\n".join(modules("main.js"))


def style() -> str:
    """The style sheet."""
    return (FOLDER / "stage.css").read_text(encoding="utf-8")

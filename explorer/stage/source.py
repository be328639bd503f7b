"""What the browser runs, as texts: the modules of js/ joined into one, without a build step."""

import re
from pathlib import Path

FOLDER = Path(__file__).parent
IMPORT = re.compile(r'^import [^;]+ from "(\.[\w./-]+\.js)";\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?!default)", re.MULTILINE)


def script(main: Path | None = None) -> str:
    """A module, js/main.js by default, and all that it imports: each once, where it is needed."""
    begun: set[Path] = set()

    def modules(path: Path) -> list[str]:
        if path in begun:
            return []
        begun.add(path)
        text = path.read_text(encoding="utf-8")
        needed = [
            part
            for other in IMPORT.findall(text)
            for part in modules((path.parent / other).resolve())
        ]
        return [*needed, EXPORT.sub("", IMPORT.sub("", text))]

    return "\n".join(modules((main or FOLDER / "js" / "main.js").resolve()))


def style() -> str:
    """The style sheet."""
    return (FOLDER / "stage.css").read_text(encoding="utf-8")

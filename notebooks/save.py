"""Execute the notebooks and save them with their numbers and pictures, for pages without a kernel:

    python notebooks/save.py          # all of them
    python notebooks/save.py 02       # those whose names begin so

GitHub, nbviewer and a JupyterLab in which nothing has run yet cannot show a widget, so each panel
is saved as its picture and its text. Nothing is saved that differs from run to run. A cell that
fails, or that writes to stderr, stops it.
"""

import base64
import io
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from PIL import Image

FOLDER = Path(__file__).resolve().parent
VIEW = "application/vnd.jupyter.widget-view+json"
COLOURS = 256  # of a saved picture: a third of the bytes, and no difference to the eye


def with_palette(image: Image.Image) -> Image.Image:
    """Return a picture in few colours, the rare ones too close to what they were."""
    cover, plain = Image.Quantize.MAXCOVERAGE, Image.Dither.NONE
    return image.convert("RGB").quantize(COLOURS, method=cover, kmeans=1, dither=plain)


def smaller(picture: str) -> str:
    """Return a base64 PNG with a palette in place of full colour."""
    saved = io.BytesIO()
    image = Image.open(io.BytesIO(base64.b64decode(picture)))
    with_palette(image).save(saved, "png", optimize=True)
    return base64.b64encode(saved.getvalue()).decode()


def save(path: Path) -> None:
    """Run one notebook from top to bottom in a new kernel and save what it shows."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=120,
        record_timing=False,
        coalesce_streams=True,  # how a text is cut into pieces differs from run to run
        resources={"metadata": {"path": FOLDER}},
    )
    client.execute()
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for cell in notebook.cells:
        cell.metadata = {}
        for output in cell.get("outputs", ()):
            if output.get("name") == "stderr":
                sys.exit(f"{path.name}: a cell wrote to stderr:\n{output.text}")
            data = output.get("data", {})
            data.pop(VIEW, None)
            if "image/png" in data:
                data["image/png"] = smaller(data["image/png"])
    nbformat.validate(notebook)
    nbformat.write(notebook, path)


def main() -> None:
    """Save every notebook whose name begins with one of the arguments, or all."""
    beginnings = tuple(sys.argv[1:]) or ("",)
    paths = [path for path in sorted(FOLDER.glob("*.ipynb")) if path.name.startswith(beginnings)]
    if not paths:
        sys.exit(f"No notebook in {FOLDER} begins with {' or '.join(beginnings)}.")
    for path in paths:
        print(f"{path.name} ...", flush=True)
        save(path)


if __name__ == "__main__":
    main()

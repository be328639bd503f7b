"""The pictures of notebooks, drawn in a process of its own: no kernel keeps matplotlib's 40 MB."""

import atexit
import os
import pickle
import subprocess
import sys
from dataclasses import replace
from threading import Lock, Timer

from explorer.scene import Scene

REST = 20.0  # seconds without a picture after which the process ends: until the next cell is run


class Painter:
    """Draws a picture after the other; the process lives while more are likely to be wanted."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._timer: Timer | None = None
        atexit.register(self.end)

    def png(self, scene: Scene) -> bytes:
        """The picture of `scene`; where no process can be had it is drawn in this one."""
        try:
            return self._drawn(replace(scene, named={}, presets=()))
        except (OSError, EOFError, pickle.PickleError):
            from explorer.static import still

            return still(scene)

    def end(self) -> None:
        """End the process; the next picture has another."""
        with self._lock:
            self._stop()

    def _drawn(self, scene: Scene) -> bytes:
        with self._lock:
            if self._timer:
                self._timer.cancel()
            try:
                self._process = process = self._process or _started()
                assert process.stdin
                assert process.stdout
                pickle.dump(scene, process.stdin)
                process.stdin.flush()
                picture: bytes = pickle.load(process.stdout)
            except BaseException:  # an interrupt too: what still arrives is of no other picture
                self._stop()
                raise
            self._timer = Timer(REST, self.end)
            self._timer.daemon = True
            self._timer.start()
            return picture

    def _stop(self) -> None:
        if self._process:
            self._process.kill()
            self._process.communicate()
            self._process = None


def _started() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "explorer.static"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )

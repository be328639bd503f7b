"""How many students can drag at once on this machine? `python tests/benchmarks/classroom.py`

As many real kernels as given each display a panel and are sent, by their own ZeroMQ sockets, what a
page sends in a drag at 60 Hz: a slider's value, the next one when the kernel has taken the last,
and questions for its picture, of which fewer may be open while answers are late. Every position is
new, so nothing comes from a cache and nothing is sent ahead. This is the kernels' part: the Jupyter
server and the browsers are not in it. The one process that plays all pages takes its share of the
same processors. `interact` is not in it either: interaction.py measures that.
"""

import argparse
import os
import queue
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
from jupyter_client.manager import start_new_kernel

ROOT = Path(__file__).resolve().parents[2]
RATE, SLOW, WINDOW = 60, 0.25, 8  # Hz; seconds late after which, of so many, fewer may be open
CASES = {
    "beta_loss, one slider": ("beta_loss", ("a",)),
    "beta_loss, two dimensions": ("beta_loss", ("a", "b")),
    "kl_fit, one slider": ("kl_fit", ("means.0",)),
}
FACTS = """(panel._stage.comm.comm_id, {n: w.comm.comm_id for n, w in panel.controls.items()},
    list(panel._session.controls), panel._session.settings,
    {n: (c.low, c.high) for n, c in panel._session.controls.items() if hasattr(c, 'low')})"""


class Student:
    """A kernel with a panel in it, and the page that drags it."""

    def __init__(self, panel, moved):
        self.manager, self.client = start_new_kernel(kernel_name="python3", cwd=ROOT)
        code = f"import explorer; panel = explorer.{panel}(); panel"
        reply = self.client.execute_interactive(
            code, user_expressions={"facts": FACTS}, output_hook=lambda message: None
        )
        facts = reply["content"]["user_expressions"]["facts"]["data"]["text/plain"]
        self.stage, self.sliders, self.names, self.base, self.ends = eval(facts)
        self.moved, self.count, self.shortest = moved, 0, 1.0
        self.asked, self.saved, self.window, self.answers = {}, set(), WINDOW, []

    def send(self, comm, data):
        message = self.client.session.msg("comm_msg", {"comm_id": comm, "data": data})
        self.client.shell_channel.send(message)
        return message["header"]["msg_id"]

    def tick(self, now):
        """Move by a position and ask for its picture."""
        self.count += 1
        values = dict(zip(self.names, self.base, strict=True))
        for way, name in enumerate(self.moved):
            low, high = self.ends[name]
            share = 0.3 + 0.4 * ((0.0073 + 0.0031 * way) * self.count % 1)
            values[name] = round(low + share * (high - low), 6)
        if not self.saved:
            for name in self.moved:
                state = {"method": "update", "state": {"value": values[name]}}
                self.saved.add(self.send(self.sliders[name], state))
        state = list(values.values())
        if len(self.asked) < self.window:
            self.asked[repr(state)] = now
            ask = {"type": "ask", "epoch": 0, "states": [state], "base": self.base}
            self.send(self.stage, {"method": "custom", "content": ask})

    def listen(self, now):
        """Take what the kernel has sent."""
        while True:
            try:
                message = self.client.iopub_channel.get_msg(timeout=0)
            except queue.Empty:
                return
            content = message["content"]
            if content.get("execution_state") == "idle":
                self.saved.discard(message["parent_header"].get("msg_id"))
            for frame in content.get("data", {}).get("content", {}).get("frames", ()):
                asked = self.asked.pop(repr(frame["state"]), None)
                if asked is None or "refused" in frame:
                    continue
                took = now - asked
                self.answers.append(took)
                self.shortest = min(self.shortest, took)
                late = took > self.shortest + SLOW
                self.window = max(1, self.window // 2) if late else min(WINDOW, self.window + 1)

    def memory(self):
        return psutil.Process(self.manager.provisioner.pid).memory_full_info().uss / 1e6

    def close(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


def measure(panel, moved, count, seconds):
    """Pictures a second each, the median seconds of an answer, and MB a kernel."""
    with ThreadPoolExecutor(4) as pool:
        students = list(pool.map(lambda _: Student(panel, moved), range(count)))
    try:
        time.sleep(3)  # the processes that draw the pictures of notebooks have ended
        start = time.monotonic()
        for turn in range(int(seconds * RATE)):
            for student in students:
                student.listen(time.monotonic())
                student.tick(time.monotonic())
            time.sleep(max(0.0, start + (turn + 1) / RATE - time.monotonic()))
        lasted = time.monotonic() - start
        answers = sorted(took for student in students for took in student.answers)
        middle = answers[len(answers) // 2] if answers else float("inf")
        mean = sum(student.memory() for student in students) / count
        return len(answers) / lasted / count, middle, mean
    finally:
        for student in students:
            student.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kernels", nargs="*", type=int, default=[10, 20, 40])
    parser.add_argument("--seconds", type=float, default=6.0, help="that each drag lasts")
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores")
    for name, (panel, moved) in CASES.items():
        for count in options.kernels:
            rate, took, memory = measure(panel, moved, count, options.seconds)
            print(
                f"{name:26} {count:3} kernels: {rate:5.1f} pictures a second each, "
                f"an answer {1000 * took:5.0f} ms, {memory:.0f} MB a kernel",
                flush=True,
            )


if __name__ == "__main__":
    main()

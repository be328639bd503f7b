"""A loopback TCP proxy that delays every byte, both ways, and limits no throughput.

`python proxy.py PORT DELAY` forwards to 127.0.0.1:PORT and prints the port on which it listens;
`delayed(port, seconds)` runs it in a process of its own, out of the way of what is measured.
"""

import asyncio
import contextlib
import subprocess
import sys


async def _pump(reader, writer, delay):
    """Pass on what is read, each piece `delay` seconds after it came; pieces wait side by side."""
    loop = asyncio.get_running_loop()
    waiting = asyncio.Queue()

    async def write_when_due():
        while True:
            due, data = await waiting.get()
            await asyncio.sleep(due - loop.time())
            if not data:
                break
            writer.write(data)
            await writer.drain()

    writing = asyncio.create_task(write_when_due())
    with contextlib.suppress(ConnectionError):
        while True:
            data = await reader.read(1 << 16)
            waiting.put_nowait((loop.time() + delay, data))
            if not data:
                break
        await writing
    writing.cancel()
    writer.close()


async def _serve(target, delay):
    async def connect(reader, writer):
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", target)
        await asyncio.gather(_pump(reader, there_writer, delay), _pump(there_reader, writer, delay))

    server = await asyncio.start_server(connect, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


@contextlib.contextmanager
def delayed(target, delay):
    """The address of a proxy to 127.0.0.1:`target` that adds `delay` seconds each way."""
    command = [sys.executable, __file__, str(target), str(delay)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(int(sys.argv[1]), float(sys.argv[2])))

"""Numbers the lines of standard input while a clock ticks: a command of WASI 0.3 made with componentize-py."""

import asyncio
import hashlib
import sys

import wit_world
from wit_world import exports
from wit_world.imports import monotonic_clock, stdin, stdout

MILLISECOND = 1_000_000


async def numbered(writer) -> str:
    """Writes what standard input has, a line at a time, and gives its hash."""
    reader, _ = stdin.read_via_stream()
    seen, rest, number = hashlib.sha256(), b"", 0
    with reader:
        while not reader.writer_dropped:
            chunk = await reader.read(16)
            seen.update(chunk)
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                number += 1
                await writer.write_all(b"%d: %s\n" % (number, line))
    return seen.hexdigest()


async def ticks(count: int) -> int:
    """Waits so many times."""
    for _ in range(count):
        await monotonic_clock.wait_for(MILLISECOND)
    return count


class Run(exports.Run):
    async def run(self) -> None:
        writer, reader = wit_world.byte_stream()
        written = stdout.write_via_stream(reader)
        with writer:
            digest, ticked = await asyncio.gather(numbered(writer), ticks(5))
            await writer.write_all(f"sha256 {digest}, {ticked} ticks\n".encode())
        await written.read()
        print("to stderr", file=sys.stderr)

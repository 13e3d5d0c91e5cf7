"""The progress line on terminals of several widths, resized meanwhile; the standard library suffices.

    python terminal_check.py NACELLE MODEL DATA OUT

Runs NACELLE finetune on a pseudo-terminal and replays what it draws: nothing may wrap, no line may
be longer than the window was when it was drawn, and without a terminal no control character may
appear at all.
"""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time


def resize(fd: int, columns: int) -> None:
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))


def command(nacelle: str, model: str, data: str, out: str, steps: int) -> list[str]:
    return [nacelle, "finetune", "--model", model, "--data", data, "--out", out, "--overwrite",
            "--steps", str(steps), "--threads", "1"]


def watch(args: list[str], widths: list[int], resize_every: float) -> None:
    master, slave = pty.openpty()
    resize(master, widths[0])
    process = subprocess.Popen(
        args, stdout=subprocess.DEVNULL, stderr=slave, env=os.environ | {"TERM": "xterm"})
    os.close(slave)
    drawn: list[tuple[set[int], str]] = []
    width = widths[0]
    recent = [(0.0, width)]
    changed = None
    turn = 0
    while True:
        ready, _, _ = select.select([master], [], [], 0.05)
        now = time.monotonic()
        if ready:
            try:
                chunk = os.read(master, 65536).decode()
            except OSError:
                break
            if not chunk:
                break
            if "\r" in chunk and changed is None:
                changed = now
            # The window may have changed while the line was under way.
            possible = {w for t, w in recent if now - t < 0.5} | {recent[-1][1]}
            for piece in re.split(r"[\r\n]+", chunk):
                drawn.append((possible, piece))
        if changed is not None and now - changed > resize_every and len(widths) > 1:
            changed = now
            turn += 1
            recent.append((now, widths[turn % len(widths)]))
            resize(master, recent[-1][1])
    code = process.wait()
    os.close(master)
    assert code == 0, f"exit {code}"
    bars = 0
    seen: set[int] = set()
    for possible, text in drawn:
        plain = text.replace("\x1b[K", "")
        assert not re.search(r"[\x00-\x1f\x7f]", plain), repr(text)
        if re.match(r"(\[[#.]+\] )?(step )?\d+/\d+ ", plain):
            bars += 1
            assert len(plain) < max(possible), f"{len(plain)} in {possible}: {plain}"
            seen |= possible
    assert bars >= 2, "no bar was drawn"
    assert seen >= set(widths[: turn + 1]), f"only widths {seen} were seen"
    print(f"widths {widths}: {bars} bars, {turn} changes of width, nothing wrapped")


def without_terminal(args: list[str]) -> None:
    result = subprocess.run(args, capture_output=True, check=True)
    for stream in (result.stdout, result.stderr):
        assert not re.search(rb"[\x00-\x09\x0b-\x1f\x7f]", stream), stream[:300]
    print(f"no terminal: {len(result.stderr.splitlines())} plain lines")


if __name__ == "__main__":
    nacelle, model, data, out = sys.argv[1:5]
    for columns in (20, 33, 60, 80, 200):
        watch(command(nacelle, model, data, out, 60), [columns], 1)
    watch(command(nacelle, model, data, out, 1500), [100, 20, 61, 40, 120], 0.4)
    without_terminal(command(nacelle, model, data, out, 20))

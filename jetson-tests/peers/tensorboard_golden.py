"""TensorBoard's own reader and writer beside ours.

    python tensorboard_golden.py --golden              the bytes that EventFileTest holds
    python tensorboard_golden.py --check OUT           OUT/runs, read by TensorBoard, against OUT/log.jsonl
"""

import argparse
import io
import json
import struct
import sys
from pathlib import Path


def golden() -> None:
    from tensorboard.compat.proto import event_pb2, summary_pb2
    from tensorboard.summary.writer.record_writer import RecordWriter

    version = event_pb2.Event(wall_time=1234.5, file_version="brain.Event:2")
    start = event_pb2.Event(
        wall_time=1234.5,
        step=1,
        session_log=event_pb2.SessionLog(status=event_pb2.SessionLog.START),
    )
    values = event_pb2.Event(
        wall_time=1235.25,
        step=300,
        summary=summary_pb2.Summary(
            value=[
                summary_pb2.Summary.Value(tag="loss", simple_value=2.5),
                summary_pb2.Summary.Value(tag="memory/parameters", simple_value=540_000_000.0),
            ]
        ),
    )
    out = io.BytesIO()
    writer = RecordWriter(out)
    for event in (version, start, values):
        writer.write(event.SerializeToString(deterministic=True))
    print(out.getvalue().hex())


def float32(value: float) -> float:
    return struct.unpack("<f", struct.pack("<f", value))[0]


def check(out: Path) -> int:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    accumulator = EventAccumulator(str(out / "runs"), size_guidance={"scalars": 0})
    accumulator.Reload()
    read = {
        tag: [(e.step, e.value) for e in accumulator.Scalars(tag)]
        for tag in accumulator.Tags()["scalars"]
    }
    expected: dict[str, list[tuple[int, float]]] = {tag: [] for tag in read}
    lines = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    for line in lines:
        values = {k: line[k] for k in ("loss", "lr", "grad_norm", "eval_loss") if k in line}
        values["tokens_per_second"] = line["tokens"] / max(1e-9, line["seconds"])
        values |= {f"memory/{name}": size for name, size in line["classes"].items()}
        values |= {f"router/{k}": line["router"][k] for k in ("entropy", "margin", "top_usage") if "router" in line}
        for tag, value in values.items():
            expected.setdefault(tag, []).append((line["step"], float32(value)))
        for name, layer in line.get("router", {}).get("layers", {}).items():
            numbers = {"entropy": layer["entropy"], "margin": layer["margin"]}
            numbers |= {f"usage_{head}": share for head, share in enumerate(layer["usage"])}
            for key, value in numbers.items():
                expected.setdefault(f"router_layers/{name}/{key}", []).append((line["step"], value))
    compared = 0
    for tag, points in expected.items():
        # The evaluation before the first step has no line in the log.
        ours = [p for p in read.get(tag, []) if p[0] > 0]
        # The log rounds what it says of single layers.
        near = 6e-6 if tag.startswith("router_layers/") else 0
        if [p[0] for p in ours] != [p[0] for p in points] or any(abs(a[1] - b[1]) > near for a, b in zip(ours, points)):
            print(f"{tag}: {ours[:3]} … is not {points[:3]} … ({len(ours)}, {len(points)})")
            return 1
        compared += len(points)
    print(f"{compared} scalars in {len(expected)} tags over {len(lines)} steps agree")
    return 0 if lines and compared else 1


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--golden", action="store_true")
parser.add_argument("--check", type=Path)
arguments = parser.parse_args()
if arguments.golden:
    golden()
if arguments.check:
    sys.exit(check(arguments.check))

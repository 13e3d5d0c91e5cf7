"""Writes the small file that SafetensorsWriterTest compares its own bytes with, and checks files of ours.

    python safetensors_golden.py --write F.safetensors     (the reference library's bytes)
    python safetensors_golden.py --check F.safetensors …   (opens files that Nacelle wrote, strictly)
"""

import argparse

import torch
from safetensors import safe_open
from safetensors.torch import save_file


def tensors():
    def count(n, dtype):
        return torch.arange(n).to(dtype)

    return {
        "z": count(1, torch.float32),
        "bf": count(2, torch.bfloat16),
        "a": count(6, torch.float32).reshape(2, 3),
        "i": count(1, torch.int64),
        "u": count(3, torch.uint8),
        "f": count(1, torch.float64),
        "h": count(2, torch.float16),
        "yes": torch.tensor([True, False]),
        'é"\n\\/\u0001': count(1, torch.float32),
        "i4": count(2, torch.int32),
        "empty": torch.zeros(0, 3),
        "scalar": torch.tensor(7.0),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write")
    parser.add_argument("--check", nargs="*", default=[])
    args = parser.parse_args()
    if args.write:
        save_file(tensors(), args.write, metadata={"format": "pt"})
    for path in args.check:
        with safe_open(path, "pt") as f:
            total = sum(f.get_tensor(k).double().sum().item() for k in f.keys())
            print(f"{path}: {len(f.keys())} tensors, sum {total:.9g}, metadata {f.metadata()}")


if __name__ == "__main__":
    main()

"""The network of examples/spiking in SpikingJelly: 784 - 512 - 10, LIF, eight steps, Fashion-MNIST.

    python spiking_fashion_mnist.py --epochs 8 --seed 0 [--threads 2] [--samples 60000] [--json]

As fast as SpikingJelly goes on a processor without a compiler: the images are tensors in memory, the
first layer is worked out once for all steps, the neurons run over whole sequences, AdamW is the fused
one. One JSON object a line an epoch with --json. Needs torch and spikingjelly.
"""

import argparse
import gzip
import json
import math
import pathlib
import struct
import time

import torch
from spikingjelly.activation_based import functional, layer, neuron, surrogate

BATCH, HIDDEN, STEPS, CLASSES, RATE = 128, 512, 8, 10, 1e-3
MEAN, DEVIATION = 0.2860, 0.3530


def read(folder, prefix):
    with gzip.open(folder / f"{prefix}-images-idx3-ubyte.gz") as f:
        _, count, rows, columns = struct.unpack(">IIII", f.read(16))
        pixels = torch.frombuffer(bytearray(f.read()), dtype=torch.uint8).reshape(count, rows * columns)
    with gzip.open(folder / f"{prefix}-labels-idx1-ubyte.gz") as f:
        f.read(8)
        labels = torch.frombuffer(bytearray(f.read()), dtype=torch.uint8).long()
    return (pixels.float() / 255 - MEAN) / DEVIATION, labels


class Network(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.first = torch.nn.Linear(784, HIDDEN)
        self.cells = neuron.LIFNode(
            tau=2.0, detach_reset=True, surrogate_function=surrogate.ATan(), step_mode="m"
        )
        self.last = layer.Linear(HIDDEN, CLASSES, step_mode="m")

    def forward(self, x):
        current = self.first(x).unsqueeze(0).repeat(STEPS, 1, 1)
        return self.last(self.cells(current)).mean(0)


def accuracy(net, x, y):
    right = 0
    with torch.no_grad():
        for i in range(0, len(x), BATCH):
            functional.reset_net(net)
            right += (net(x[i : i + BATCH]).argmax(1) == y[i : i + BATCH]).sum().item()
    return right / len(x)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--data", default="/usr/share/datasets/fashion-mnist", type=pathlib.Path)
    p.add_argument("--epochs", default=8, type=int)
    p.add_argument("--samples", default=60000, type=int)
    p.add_argument("--seed", default=0, type=int)
    p.add_argument("--threads", default=2, type=int)
    p.add_argument("--json", action="store_true")
    a = p.parse_args()
    torch.set_num_threads(a.threads)
    torch.manual_seed(a.seed)
    x, y = read(a.data, "train")
    x, y = x[: a.samples], y[: a.samples]
    test_x, test_y = read(a.data, "t10k")
    net = Network()
    optimizer = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=0.01, fused=True)
    per_epoch = (len(x) + BATCH - 1) // BATCH
    for epoch in range(1, a.epochs + 1):
        begin = time.perf_counter()
        order = torch.randperm(len(x))
        total = 0.0
        for b in range(per_epoch):
            chosen = order[b * BATCH : (b + 1) * BATCH]
            done = ((epoch - 1) * per_epoch + b) / (per_epoch * a.epochs)
            for group in optimizer.param_groups:
                group["lr"] = RATE * 0.5 * (1 + math.cos(math.pi * done))
            functional.reset_net(net)
            loss = torch.nn.functional.cross_entropy(net(x[chosen]), y[chosen])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(chosen)
        seconds = time.perf_counter() - begin
        line = {
            "epoch": epoch,
            "loss": total / len(x),
            "accuracy": accuracy(net, test_x, test_y),
            "seconds": seconds,
        }
        print(json.dumps(line) if a.json else line, flush=True)


if __name__ == "__main__":
    main()

"""What the peer's run says of the machine: time since start, resident peak, processor, load, product rates of torch."""

import os
import platform
import time
from importlib import metadata

import torch

from processor import processor_name

# (M, N, K) of facts: SmolLM2-135M's linears at 1,024 tokens, its head, and LoRA's A.
SHAPES = [
    (1024, 1536, 576), (1024, 576, 1536), (1024, 576, 576), (1024, 192, 576),
    (512, 8192, 576), (512, 49152, 576), (512, 576, 49152), (1024, 16, 576),
]


def seconds_since_start():
    """Since the kernel started this process, interpreter's start included."""
    with open("/proc/self/stat", encoding="utf-8") as source:
        ticks = int(source.read().rsplit(")", 1)[1].split()[19])
    return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")


def peak_resident_bytes():
    with open("/proc/self/status", encoding="utf-8") as source:
        return next(int(line.split()[1]) * 1024 for line in source if line.startswith("VmHWM"))


def best_seconds(work, at_least=0.6):
    work()
    spent, best = 0.0, float("inf")
    while spent < at_least:
        began = time.perf_counter()
        work()
        took = time.perf_counter() - began
        spent, best = spent + took, min(best, took)
    return best


def product_rates():
    """Fastest of repeated products: x·Wᵀ as the forward has it, and g·W as the gradient of the input has it."""
    generator = torch.Generator().manual_seed(0)
    rates = []
    with torch.no_grad():
        for m, n, k in SHAPES:
            left = torch.randn(m, k, generator=generator)
            for form, right in (("x·Wᵀ", torch.randn(n, k, generator=generator)),
                                ("g·W", torch.randn(k, n, generator=generator))):
                out = torch.empty(m, n)
                weight = right.t() if form == "x·Wᵀ" else right
                seconds = best_seconds(lambda: torch.mm(left, weight, out=out))
                rates.append({"m": m, "n": n, "k": k, "form": form, "gflop_per_second": 2e-9 * m * n * k / seconds})
            # oneDNN with a frozen weight packed once, which no model here uses: what it could do.
            weight = torch.randn(n, k, generator=generator)
            packed = torch.ops.mkldnn._reorder_linear_weight(weight, m)
            seconds = best_seconds(lambda: torch.ops.mkldnn._linear_pointwise(left, packed, None, "none", [], ""))
            rates.append({"m": m, "n": n, "k": k, "form": "x·Wᵀ, W packed for oneDNN",
                          "gflop_per_second": 2e-9 * m * n * k / seconds})
    return rates


def provenance():
    packages = ("torch", "peft", "transformers", "safetensors", "numpy")
    return {
        "processor": processor_name(), "cores": os.cpu_count(), "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "load_average": os.getloadavg(), "python": platform.python_version(),
        "versions": {p: metadata.version(p) for p in packages},
    }

"""Times PyTorch's scaled dot-product attention on the CPU: the peer of `./nacelle bench ops attention`.

    python torch_attention.py [--tokens 2048] [--heads 9] [--width 64] [--threads 2] [--rounds 12]

Prints the best of the rounds for forward, and for forward and backward together, in milliseconds. Run it
in turns with ours on a machine where nothing else runs.
"""

import argparse
import time

import torch


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tokens", type=int, default=2048)
    parser.add_argument("--heads", type=int, default=9)
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=12)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    torch.manual_seed(1)
    shape = (1, given.heads, given.tokens, given.width)
    q, k, v = (torch.randn(shape, requires_grad=True) for _ in range(3))
    grad = torch.randn(shape)
    forward, both = [], []
    for _ in range(given.rounds):
        begin = time.perf_counter()
        y = torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        forward.append(time.perf_counter() - begin)
        y.backward(grad)
        both.append(time.perf_counter() - begin)
        q.grad = k.grad = v.grad = None
    print(
        f"torch {torch.__version__}, {given.threads} threads, {shape}: forward "
        f"{min(forward) * 1e3:.2f} ms, forward+backward {min(both) * 1e3:.2f} ms")


if __name__ == "__main__":
    main()

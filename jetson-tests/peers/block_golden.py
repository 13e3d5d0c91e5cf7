"""Records what the gguf package makes of random blocks of every format, for BlockGoldenTest.

    python block_golden.py --out kernels/src/test/resources/dev/nacelle/kernels/quant

A file a format: rows and columns (int32), the blocks, for NF4 the absmax, then the values (fp32), all
little-endian. Codes are random bytes and scales random numbers, a few of them zero, negative or
subnormal. The package has no NF4: its values are absmax times bitsandbytes' level, computed here.
"""

import argparse
import os

import gguf
import numpy as np

ROWS = 5
TYPES = {
    "q4_0": (gguf.GGMLQuantizationType.Q4_0, 32, 18, [0]),
    "q4_1": (gguf.GGMLQuantizationType.Q4_1, 32, 20, [0, 2]),
    "q5_0": (gguf.GGMLQuantizationType.Q5_0, 32, 22, [0]),
    "q5_1": (gguf.GGMLQuantizationType.Q5_1, 32, 24, [0, 2]),
    "q8_0": (gguf.GGMLQuantizationType.Q8_0, 32, 34, [0]),
    "q4_k": (gguf.GGMLQuantizationType.Q4_K, 256, 144, [0, 2]),
    "q5_k": (gguf.GGMLQuantizationType.Q5_K, 256, 176, [0, 2]),
    "q6_k": (gguf.GGMLQuantizationType.Q6_K, 256, 210, [208]),
}
NF4 = np.array(
    [-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635,
     -0.18477343022823334, -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725,
     0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941,
     0.7229568362236023, 1.0], dtype=np.float32)


def scales(rng, shape):
    values = rng.standard_normal(shape) * 0.02
    kind = rng.integers(0, 12, shape)
    values = np.where(kind == 0, 0.0, values)
    return np.where(kind == 1, values * 1e-5, values).astype(np.float16)


def write(folder, name, rows, columns, *parts):
    with open(os.path.join(folder, f"{name}.bin"), "wb") as out:
        out.write(np.array([rows, columns], dtype="<i4").tobytes())
        for part in parts:
            out.write(np.ascontiguousarray(part).tobytes())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", required=True)
    folder = parser.parse_args().out
    rng = np.random.default_rng(5)
    for name, (kind, elements, size, places) in TYPES.items():
        blocks = 512 // elements
        raw = rng.integers(0, 256, (ROWS, blocks, size), dtype=np.uint8)
        for at in places:
            raw[:, :, at:at + 2] = scales(rng, (ROWS, blocks)).view(np.uint8).reshape(ROWS, blocks, 2)
        raw = raw.reshape(ROWS, blocks * size)
        values = gguf.quants.dequantize(raw, kind).astype("<f4")
        assert np.isfinite(values).all()
        write(folder, name, ROWS, 512, raw, values)
    columns = 160  # two and a half absmax a row
    raw = rng.integers(0, 256, (4, columns // 2), dtype=np.uint8)
    absmax = rng.standard_normal(4 * columns // 64).astype("<f4")
    codes = np.stack([raw >> 4, raw & 15], axis=-1).reshape(-1)
    values = NF4[codes] * np.repeat(absmax, 64)
    write(folder, "nf4", 4, columns, raw, absmax, values.astype("<f4"))


if __name__ == "__main__":
    main()

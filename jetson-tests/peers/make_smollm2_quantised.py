"""Writes SmolLM2's GGUF again with its matrices in another type, for measurements of quantised training.

    python make_smollm2_quantised.py --gguf SmolLM2-135M-Instruct.Q4_1.gguf --type q8_0 --out F.gguf

Metadata is copied key by key; matrices are dequantised and quantised by the gguf package, vectors stay as they are.
"""

import argparse

import gguf
import numpy as np

PACKED = {"q4_0": "Q4_0", "q4_1": "Q4_1", "q5_0": "Q5_0", "q5_1": "Q5_1", "q8_0": "Q8_0", "f32": "F32", "f16": "F16"}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gguf", required=True)
    parser.add_argument("--type", required=True, choices=sorted(PACKED))
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    kind = gguf.GGMLQuantizationType[PACKED[args.type]]
    reader = gguf.GGUFReader(args.gguf)
    writer = gguf.GGUFWriter(args.out, reader.fields["general.architecture"].contents())
    for field in reader.fields.values():
        if field.name.startswith("GGUF.") or field.name in ("general.architecture", "general.file_type"):
            continue
        sub = field.types[-1] if field.types[0] == gguf.GGUFValueType.ARRAY else None
        writer.add_key_value(field.name, field.contents(), field.types[0], sub_type=sub)
    for tensor in reader.tensors:
        wide = gguf.quants.dequantize(tensor.data, tensor.tensor_type).astype(np.float32)
        if len(tensor.shape) < 2:
            writer.add_tensor(tensor.name, wide)
        else:
            writer.add_tensor(tensor.name, gguf.quants.quantize(wide, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    main()

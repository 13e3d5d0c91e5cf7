"""Records transformers' rotary frequencies for the runtime module's RopeFrequenciesTest.

    python rope_goldens.py > runtime/src/test/resources/dev/nacelle/model/rope_goldens.json
"""

import json
import warnings

import torch
from transformers import LlamaConfig
from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding

BASE = dict(hidden_size=64, intermediate_size=96, num_hidden_layers=1, num_attention_heads=2, vocab_size=32)

CASES = [
    ("default", {}, None, [8]),
    ("default theta 500000 head 64", dict(head_dim=64, rope_theta=500000.0), None, [8]),
    ("default v5 theta", dict(head_dim=48), dict(rope_type="default", rope_theta=100000.0), [8]),
    ("linear", dict(rope_theta=10000.0), dict(rope_type="linear", factor=4.0), [8]),
    ("linear old name", dict(rope_theta=50000.0, head_dim=128), dict(type="linear", factor=2.5), [8]),
    ("dynamic", dict(rope_theta=10000.0, max_position_embeddings=64), dict(rope_type="dynamic", factor=2.0), [8, 64, 65, 100, 1000]),
    ("dynamic 3.7", dict(rope_theta=1e6, head_dim=80, max_position_embeddings=100), dict(rope_type="dynamic", factor=3.7), [99, 101, 4096]),
    ("llama3", dict(rope_theta=500000.0, head_dim=64, max_position_embeddings=131072),
     dict(rope_type="llama3", factor=32.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=8192), [8]),
    ("llama3 small", dict(rope_theta=10000.0, max_position_embeddings=512),
     dict(rope_type="llama3", factor=8.0, low_freq_factor=1.5, high_freq_factor=5.0, original_max_position_embeddings=128), [8]),
    ("yarn", dict(rope_theta=10000.0, head_dim=64, max_position_embeddings=65536),
     dict(rope_type="yarn", factor=16.0, original_max_position_embeddings=4096), [8]),
    ("yarn untruncated", dict(rope_theta=1e6, head_dim=128, max_position_embeddings=131072),
     dict(rope_type="yarn", factor=4.0, original_max_position_embeddings=32768, truncate=False, beta_fast=24, beta_slow=2), [8]),
    ("yarn mscale", dict(rope_theta=10000.0, head_dim=64, max_position_embeddings=163840),
     dict(rope_type="yarn", factor=40.0, original_max_position_embeddings=4096, mscale=1.0, mscale_all_dim=0.707), [8]),
    ("yarn attention factor", dict(rope_theta=10000.0, max_position_embeddings=2048),
     dict(rope_type="yarn", factor=8.0, original_max_position_embeddings=256, attention_factor=1.25), [8]),
    ("yarn null factor", dict(rope_theta=10000.0, max_position_embeddings=2048),
     dict(rope_type="yarn", factor=None, original_max_position_embeddings=256), [8]),
    ("yarn original at the top", dict(rope_theta=10000.0, max_position_embeddings=2048, original_max_position_embeddings=512),
     dict(rope_type="yarn", factor=4.0), [8]),
]


def main():
    warnings.simplefilter("ignore")
    out = []
    for name, top, scaling, lengths in CASES:
        written = dict(BASE, model_type="llama", **top)
        if scaling is not None:
            key = "rope_parameters" if "v5" in name else "rope_scaling"
            written[key] = dict(scaling)
        for length in lengths:
            arguments = json.loads(json.dumps(written))
            rotary = LlamaRotaryEmbedding(LlamaConfig(**arguments))
            rotary(torch.zeros(1), torch.arange(length)[None])
            out.append(
                dict(
                    name=f"{name}, {length} tokens",
                    config=written,
                    length=length,
                    inverse=[float(v) for v in rotary.inv_freq],
                    attention=float(rotary.attention_scaling),
                )
            )
    print(json.dumps(out, indent=0))


if __name__ == "__main__":
    main()

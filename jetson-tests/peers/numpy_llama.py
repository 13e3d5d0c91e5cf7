"""A Llama with LoRA in numpy, fp64, one sample at a time: written from the formulas, sharing no code with transformers or PEFT.

An adapter is its file's tensors: pairs a and b of layers, and whole copies of head or token table in place of the base's.
"""

import glob
import json
import math
import os

import numpy as np

from safetensors import safe_open


def read_safetensors(path):
    """Every tensor as fp64."""
    tensors = {}
    with safe_open(path, "pt") as source:
        for name in source.keys():
            tensors[name] = source.get_tensor(name).double().numpy()
    return tensors


def round_to_bf16(array):
    bits = array.astype(np.float32).view(np.uint32)
    bits = (bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000
    return bits.astype(np.uint32).view(np.float32).astype(np.float64)


def rope_settings(config):
    """Both styles of config.json, as one dictionary."""
    if "rope_parameters" in config:
        return dict(config["rope_parameters"])
    scaling = dict(config.get("rope_scaling") or {"rope_type": "default"})
    scaling.setdefault("rope_type", scaling.get("type"))
    return scaling | {"rope_theta": config["rope_theta"]}


def frequencies(config, dim, length):
    """Angles a position, and what cos and sin are multiplied by."""
    rope = rope_settings(config)
    kind, theta, factor = rope["rope_type"], rope["rope_theta"], rope.get("factor", 1.0)
    positions = config["max_position_embeddings"]
    original = rope.get("original_max_position_embeddings", positions)
    if kind == "dynamic":
        scaled = max(length, positions)
        theta *= (factor * scaled / positions - (factor - 1)) ** (dim / (dim - 2))
    plain = [theta ** (-2 * i / dim) for i in range(dim // 2)]
    if kind in ("default", "dynamic"):
        return np.array(plain), 1.0
    if kind == "linear":
        return np.array(plain) / factor, 1.0
    if kind == "llama3":
        low, high = original / rope["low_freq_factor"], original / rope["high_freq_factor"]
        out = []
        for f in plain:
            wave = 2 * math.pi / f
            if wave < high:
                out.append(f)
            elif wave > low:
                out.append(f / factor)
            else:
                share = (original / wave - rope["low_freq_factor"]) / (
                    rope["high_freq_factor"] - rope["low_freq_factor"]
                )
                out.append((1 - share) * f / factor + share * f)
        return np.array(out), 1.0
    if kind == "yarn":
        def dimension_that_turns(times):
            return dim * math.log(original / (times * 2 * math.pi)) / (2 * math.log(theta))

        first = max(math.floor(dimension_that_turns(rope.get("beta_fast", 32))), 0)
        last = min(math.ceil(dimension_that_turns(rope.get("beta_slow", 1))), dim - 1)
        out = []
        for i, f in enumerate(plain):
            slow = min(max((i - first) / ((last - first) or 0.001), 0.0), 1.0)
            out.append(f / factor * slow + f * (1 - slow))
        return np.array(out), rope.get("attention_factor") or 0.1 * math.log(factor) + 1.0
    raise ValueError(kind)


class Llama:
    def __init__(self, folder, bf16_weights=False):
        with open(os.path.join(folder, "config.json"), encoding="utf-8") as source:
            self.config = json.load(source)
        self.weights = {}
        for path in sorted(glob.glob(os.path.join(folder, "*.safetensors"))):
            self.weights |= read_safetensors(path)
        if bf16_weights:
            self.weights = {k: round_to_bf16(v) for k, v in self.weights.items()}

    def weight(self, name, adapter):
        whole = adapter.get(f"base_model.model.{name}.weight")
        return self.weights[name + ".weight"] if whole is None else whole

    def linear(self, x, name, adapter, scale):
        y = x @ self.weight(name, adapter).T
        if name + ".bias" in self.weights:
            y = y + self.weights[name + ".bias"]
        a = adapter.get(f"base_model.model.{name}.lora_A.weight")
        if a is not None:
            y = y + scale * (x @ a.T) @ adapter[f"base_model.model.{name}.lora_B.weight"].T
        return y

    def norm(self, x, name):
        root = np.sqrt((x * x).mean(-1, keepdims=True) + self.config["rms_norm_eps"])
        return x / root * self.weights[name + ".weight"]

    def logits(self, ids, adapter, scale):
        c, n = self.config, len(ids)
        heads, kv = c["num_attention_heads"], c["num_key_value_heads"]
        dim = c.get("head_dim") or c["hidden_size"] // heads
        angle, magnitude = frequencies(c, dim, n)
        turns = np.outer(np.arange(n), angle)
        cos, sin = np.cos(turns) * magnitude, np.sin(turns) * magnitude

        def rotate(x):  # (n, heads, dim): the first half is turned against the second
            left, right = x[..., : dim // 2], x[..., dim // 2 :]
            co, si = cos[:, None], sin[:, None]
            return np.concatenate([left * co - right * si, right * co + left * si], -1)

        x = self.weight("model.embed_tokens", adapter)[ids]
        for layer in range(c["num_hidden_layers"]):
            p = f"model.layers.{layer}."
            h = self.norm(x, p + "input_layernorm")
            q = rotate(self.linear(h, p + "self_attn.q_proj", adapter, scale).reshape(n, heads, dim))
            k = rotate(self.linear(h, p + "self_attn.k_proj", adapter, scale).reshape(n, kv, dim))
            v = self.linear(h, p + "self_attn.v_proj", adapter, scale).reshape(n, kv, dim)
            out = np.empty((n, heads, dim))
            for head in range(heads):
                shared = head * kv // heads
                score = q[:, head] @ k[:, shared].T / math.sqrt(dim)
                score[np.triu_indices(n, 1)] = -np.inf
                weight = np.exp(score - score.max(-1, keepdims=True))
                out[:, head] = weight / weight.sum(-1, keepdims=True) @ v[:, shared]
            x = x + self.linear(out.reshape(n, heads * dim), p + "self_attn.o_proj", adapter, scale)
            h = self.norm(x, p + "post_attention_layernorm")
            gate = self.linear(h, p + "mlp.gate_proj", adapter, scale)
            up = self.linear(h, p + "mlp.up_proj", adapter, scale)
            x = x + self.linear(gate / (1 + np.exp(-gate)) * up, p + "mlp.down_proj", adapter, scale)
        x = self.norm(x, "model.norm")
        if c["tie_word_embeddings"]:
            self.weights["lm_head.weight"] = self.weights["model.embed_tokens.weight"]
        return self.linear(x, "lm_head", adapter, scale)

    def losses(self, ids, adapter, scale):
        """losses[i] belongs to ids[i]; the first is NaN."""
        logits = self.logits(np.array(ids), adapter, scale)[:-1]
        top = logits.max(-1, keepdims=True)
        log_sum = np.log(np.exp(logits - top).sum(-1)) + top[:, 0]
        return np.concatenate([[np.nan], log_sum - logits[np.arange(len(ids) - 1), ids[1:]]])

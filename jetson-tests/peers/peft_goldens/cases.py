"""The cases: which model, which records, which flags of `./nacelle finetune`."""

from . import texts

STEPS = 50
LINEARS = "all-linear"
COMMON = {
    "steps": STEPS, "batch-size": 4, "accumulate": 1, "max-length": 64, "packing": "on", "order": "file",
    "lr": 1e-3, "schedule": "constant", "warmup": 0, "weight-decay": 0.0, "clip": 1.0, "betas": [0.9, 0.999],
    "eps": 1e-8, "lora-plus-ratio": 1.0, "dtype": "fp32", "dropout": 0.0,
}


# Flags that only some cases have.
RARE = {"layers", "adapter", "init", "rank-pattern", "alpha-pattern", "modules-to-save", "projection-key", "save-projection",
        "d-initial"}


def case(model, records, targets, rank, alpha, **flags):
    flags = {k.replace("_", "-"): v for k, v in flags.items()}
    assert flags.keys() <= COMMON.keys() | RARE, flags
    seed = sum(map(ord, model + targets)) + rank
    whole = {"model": model, "seed": seed, "records": records, "targets": targets, "rank": rank, "alpha": alpha}
    return {k: v for k, v in whole.items() if v is not None} | COMMON | flags


CASES = {
    "plain-text": case("plain", texts.text_records(0, 18), LINEARS, 8, 16),
    "plain-qv": case(
        "plain", texts.completion_records(0, 13), "q_proj,v_proj", 4, 8,
        batch_size=2, accumulate=2, max_length=48, packing="off", lr=3e-3, schedule="cosine", warmup=0.1,
        weight_decay=0.05, clip=0.0,
    ),
    "plain-head": case(
        "plain", texts.text_records(5, 10), "q_proj,lm_head", 4, 8, batch_size=3, lr=5e-4, schedule="linear",
        warmup=4, clip=0.5,
    ),
    "tied-chat": case(
        "gqa-tied", texts.chat_records(0, 14), LINEARS, 8, 32,
        batch_size=3, max_length=160, schedule="cosine", warmup=5, clip=0.05, betas=[0.9, 0.95],
    ),
    "tied-accumulate": case(
        "gqa-tied", texts.chat_records(3, 11), "q_proj,k_proj,v_proj,o_proj", 4, 16,
        batch_size=1, accumulate=4, max_length=128, lr=2e-4, schedule="linear", warmup=0.03, lora_plus_ratio=16.0,
    ),
    # The same job as tied-accumulate in one batch of four: the two curves agree.
    "tied-batch4": case(
        "gqa-tied", texts.chat_records(3, 11), "q_proj,k_proj,v_proj,o_proj", 4, 16,
        batch_size=4, max_length=128, packing="off", lr=2e-4, schedule="linear", warmup=0.03, lora_plus_ratio=16.0,
    ),
    "tied-bf16": case(
        "gqa-tied", texts.text_records(6, 14) + texts.chat_records(6, 4), LINEARS, 8, 16,
        batch_size=9, max_length=160, lr=2e-4, schedule="cosine", dtype="bf16",
    ),
    "tied-head": case(
        "gqa-tied", texts.completion_records(2, 9), "lm_head,self_attn.v_proj", 4, 4, batch_size=2, accumulate=2,
        lr=5e-4, weight_decay=0.5, packing="off",
    ),
    "biases-mlp": case(
        "biases", texts.text_records(9, 15), "gate_proj,up_proj,down_proj", 16, 16,
        batch_size=4, schedule="linear", warmup=0.06, weight_decay=0.1, clip=0.0, eps=1e-6,
    ),
    "biases-all": case(
        "biases", texts.chat_records(1, 9), LINEARS, 4, 8,
        batch_size=2, accumulate=3, max_length=112, packing="off", lr=5e-4, lora_plus_ratio=4.0, weight_decay=0.02,
    ),
    "biases-layers": case(
        "biases", texts.completion_records(4, 12), LINEARS, 8, 8, layers="1-2", batch_size=5, lr=2e-3, clip=0.1,
    ),
    "linear-text": case(
        "linear", texts.text_records(13, 12), "q_proj,v_proj", 16, 32,
        batch_size=3, schedule="cosine", warmup=0.2, packing="off", betas=[0.8, 0.99], eps=1e-4,
    ),
    "linear-mlp": case(
        "linear", texts.chat_records(8, 10), "mlp.up_proj,mlp.down_proj", 8, 16, max_length=128,
        batch_size=2, schedule="linear", warmup=10, clip=0.02,
    ),
    "wide-head-text": case("wide-head", texts.text_records(3, 16), LINEARS, 4, 16, batch_size=4, lr=5e-4, clip=0.3),
    "wide-head-layers": case(
        "wide-head", texts.completion_records(7, 11), "q_proj,k_proj,down_proj", 16, 16, layers="0",
        batch_size=3, accumulate=2, max_length=56, lr=2e-3, schedule="cosine", warmup=0.04, weight_decay=0.1,
    ),
    "llama3-chat": case(
        "llama3", texts.chat_records(5, 12), "q_proj,k_proj,v_proj,o_proj", 8, 16,
        batch_size=2, max_length=144, packing="off", schedule="cosine", warmup=3, lora_plus_ratio=8.0, lr=3e-4,
    ),
    # Every data shape in one file, samples cut, and some left without a target and dropped.
    "llama3-mixed": case(
        "llama3", texts.mixed_records(2, 28), LINEARS, 8, 8,
        batch_size=4, max_length=72, schedule="linear", clip=0.0,
    ),
    "yarn-bf16-file": case(
        "yarn-bf16", texts.completion_records(1, 14), LINEARS, 8, 16, batch_size=4, lr=5e-4, schedule="cosine",
    ),
    "yarn-bf16": case(
        "yarn-bf16", texts.text_records(7, 12), LINEARS, 8, 16, batch_size=6, lr=2e-4, dtype="bf16", packing="off",
    ),
    "yarn-f16-file": case(
        "yarn-f16", texts.chat_records(2, 8), "q_proj,k_proj,v_proj,o_proj,gate_proj", 4, 8,
        batch_size=2, accumulate=2, max_length=120, lr=1e-3, schedule="linear", warmup=0.1,
    ),
    # All samples are cut to 48 tokens, twice the model's positions: the scaled frequencies are the same everywhere.
    "dynamic-long": case(
        "dynamic", texts.long_text_records(0, 9), LINEARS, 4, 8, batch_size=3, max_length=48, schedule="cosine",
        lr=5e-4,
    ),
    # All samples fit the model's positions: the frequencies are the plain ones.
    "dynamic-short": case(
        "dynamic", texts.short_text_records(0, 12), "q_proj,k_proj,v_proj,o_proj", 8, 16, batch_size=4,
        max_length=24, packing="off", accumulate=2, lr=1e-3,
    ),
    # LoRA's relatives.
    "rslora-text": case(
        "plain", texts.text_records(2, 12), "q_proj,o_proj,up_proj", 8, 8, adapter="rslora", lr=5e-4,
    ),
    "rslora-head": case(
        "gqa-tied", texts.completion_records(3, 9), "lm_head,v_proj", 4, 4, adapter="rslora", batch_size=2,
        accumulate=2, lr=5e-4, packing="off",
    ),
    # A never moves; the rest is AdamW as it stands, without the projected gradient of PEFT's own optimiser.
    "lora-fa-mlp": case(
        "biases", texts.chat_records(2, 9), "v_proj,down_proj", 8, 16, adapter="lora-fa", max_length=112,
        weight_decay=0.05, clip=0.5, lora_plus_ratio=4.0,
    ),
    "patterns-all": case(
        "gqa-tied", texts.text_records(4, 12), LINEARS, 4, 8,
        rank_pattern={"v_proj": 2, "1.mlp.down_proj": 6, "layers.0.self_attn.(q|k)_proj": 3},
        alpha_pattern={"o_proj": 24, "down_proj": 3.5}, lr=5e-4,
    ),
    "patterns-layers": case(
        "biases", texts.completion_records(6, 10), "q_proj,gate_proj,down_proj", 8, 8, adapter="rslora",
        layers="0-1", rank_pattern={"0.mlp.gate_proj": 4}, alpha_pattern={"q_proj": 2}, batch_size=3, lr=1e-3,
    ),
    # One random A and B for all modules; without alpha.
    "vera-text": case("plain", texts.text_records(4, 13), LINEARS, 12, None, adapter="vera", lr=2e-2, d_initial=0.5),
    "vera-biases": case(
        "biases", texts.chat_records(5, 9), "q_proj,v_proj,down_proj", 8, None, adapter="vera", save_projection="off",
        projection_key=77, layers="1-2", batch_size=2, accumulate=2, max_length=112, packing="off",
        lora_plus_ratio=4.0, weight_decay=0.1, clip=0.3, lr=1e-2,
    ),
    "vera-bf16": case(
        "gqa-tied", texts.text_records(9, 12), "q_proj,up_proj,down_proj", 16, None, adapter="vera", batch_size=6,
        lr=5e-3, dtype="bf16",
    ),
    # Head and token table as whole copies; of tied ones each copy goes its own way.
    "whole-plain": case(
        "plain", texts.text_records(3, 12), "q_proj,down_proj", 4, 8, modules_to_save="lm_head,embed_tokens",
        batch_size=2, accumulate=2, weight_decay=0.05, clip=0.5, lr=5e-4,
    ),
    "whole-tied-table": case(
        "gqa-tied", texts.chat_records(1, 10), "v_proj,up_proj", 4, 8, modules_to_save="embed_tokens",
        batch_size=3, max_length=128, packing="off", schedule="cosine", warmup=3, lr=5e-4,
    ),
    "whole-tied-head": case(
        "gqa-tied", texts.completion_records(5, 9), LINEARS, 4, 8, adapter="rslora", modules_to_save="lm_head",
        batch_size=3, lr=5e-4,
    ),
    # The copies in fp32 beside a base in bf16; steps of some 300 targets, since one target's loss is off by 2e-2.
    "whole-bf16": case(
        "yarn-bf16", texts.text_records(11, 12), LINEARS, 4, 8, modules_to_save="lm_head,embed_tokens",
        batch_size=6, lr=2e-4, dtype="bf16",
    ),
    "whole-tied-bf16": case(
        "gqa-tied", texts.chat_records(4, 10), "q_proj,down_proj", 4, 8, modules_to_save="lm_head", batch_size=5,
        accumulate=2, max_length=128, packing="off", lr=2e-4, schedule="cosine", warmup=3, dtype="bf16",
    ),
    "whole-table-bf16": case(
        "gqa-tied", texts.text_records(7, 12), "v_proj,gate_proj", 8, 8, adapter="rslora",
        modules_to_save="embed_tokens", batch_size=6, lr=2e-4, clip=0.5, dtype="bf16",
    ),
    "dora-text": case(
        "plain", texts.text_records(1, 14), LINEARS, 4, 8, adapter="dora", clip=0.5,
    ),
    "dora-biases": case(
        "biases", texts.chat_records(4, 9), "q_proj,v_proj,o_proj,down_proj", 4, 8, adapter="dora", batch_size=2,
        accumulate=2, max_length=112, packing="off", lora_plus_ratio=4.0, weight_decay=0.1, lr=5e-4,
    ),
    "dora-bf16": case(
        "gqa-tied", texts.text_records(8, 12) + texts.chat_records(1, 3), "q_proj,up_proj,down_proj", 4, 8,
        adapter="dora", batch_size=6, max_length=160, lr=2e-4, dtype="bf16",
    ),
    "pissa-text": case(
        "plain", texts.text_records(6, 13), LINEARS, 4, 4, init="pissa", lr=5e-4,
    ),
    "pissa-rslora": case(
        "biases", texts.chat_records(3, 9), "k_proj,o_proj,up_proj", 4, 6, init="pissa", adapter="rslora",
        max_length=112, packing="off", weight_decay=0.1, lora_plus_ratio=2.0, lr=5e-4,
    ),
    "olora-chat": case(
        "gqa-tied", texts.chat_records(2, 10), "q_proj,k_proj,gate_proj,down_proj", 4, 4, init="olora",
        max_length=128, batch_size=3, lr=5e-4, clip=0.3,
    ),
}

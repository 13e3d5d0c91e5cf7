"""The peer for speed and memory: PEFT on the CPU, LoRA on all linears of a model folder, on given token samples.

    python peft_train.py --model DIR --samples F.samples.json --mode padded|rows --steps N --out F.json

padded: batches of four chat samples padded to the longest; rows: two full rows of 512 tokens, every token a target.
The samples come from make_peer_samples.py, in file order, from the top again when they end. --save-init DIR leaves the initial
adapter so that the other engine can start from the same one. One JSON file is written: seconds of each step and
their median, losses, resident peak (VmHWM, before torch's own rates are measured), seconds of import and until the first step was
done (from the process's start as the kernel knows it), the flops that the job really needs and the machine's rates.
"""

import time

import_began = time.perf_counter()

import argparse
import json
import os
import statistics

os.environ["HF_HUB_OFFLINE"] = "1"

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM

import_seconds = time.perf_counter() - import_began

import peer_machine

BATCH = {"padded": 4, "rows": 2}


def batches(samples, size, count):
    groups = [samples[i : i + size] for i in range(0, len(samples), size)]
    return [groups[i % len(groups)] for i in range(count)]


def tensors(batch):
    width = max(len(s["ids"]) for s in batch)
    ids = torch.zeros(len(batch), width, dtype=torch.long)
    mask, labels = torch.zeros_like(ids), torch.full_like(ids, -100)
    for row, sample in enumerate(batch):
        length = len(sample["ids"])
        ids[row, :length] = torch.tensor(sample["ids"])
        mask[row, :length] = 1
        trained = torch.tensor([0] + sample["trained"][1:], dtype=torch.bool)
        labels[row, :length] = torch.where(trained, ids[row, :length], -100)
    return ids, mask, labels


def needed_flop(config, rank, batch):
    """What one step cannot do without: frozen weights need no gradient, and the head only its targets' rows."""
    hidden, inner, layers = config.hidden_size, config.intermediate_size, config.num_hidden_layers
    heads, kv, dim = config.num_attention_heads, config.num_key_value_heads, config.head_dim
    shapes = [(hidden, heads * dim), (hidden, kv * dim), (hidden, kv * dim), (heads * dim, hidden)]
    shapes += [(hidden, inner), (hidden, inner), (inner, hidden)]
    tokens = sum(len(s["ids"]) for s in batch)
    targets = sum(sum(s["trained"][1:]) for s in batch)
    linear = 4 * layers * sum(i * o for i, o in shapes) * tokens
    head = 4 * config.vocab_size * hidden * targets
    attention = 7 * layers * sum(len(s["ids"]) ** 2 for s in batch) * heads * dim
    adapters = 6 * layers * rank * sum(i + o for i, o in shapes) * tokens
    return linear + head + attention + adapters


def open_model(args):
    base = AutoModelForCausalLM.from_pretrained(args.model, dtype=torch.float32)
    if args.checkpointing:
        base.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    if args.init_adapter:
        return PeftModel.from_pretrained(base, args.init_adapter, is_trainable=True)
    torch.manual_seed(args.seed)
    config = LoraConfig(r=args.rank, lora_alpha=2 * args.rank, target_modules="all-linear", task_type="CAUSAL_LM")
    return get_peft_model(base, config)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--samples", required=True)
    parser.add_argument("--mode", choices=BATCH, required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--batch-size", type=int, help="4 padded, 2 rows if not given")
    parser.add_argument("--rank", type=int, default=16, help="alpha is twice the rank")
    parser.add_argument("--lr", type=float, default=2e-4)
    parser.add_argument("--clip", type=float, default=1.0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--init-adapter", help="start from this adapter; its rank holds")
    parser.add_argument("--save-init", help="leave the adapter that training starts from here")
    parser.add_argument("--checkpointing", action="store_true", help="recompute activations")
    parser.add_argument("--no-rates", action="store_true", help="do not measure torch's product rates")
    args = parser.parse_args()

    torch.set_num_threads(args.threads)
    with open(args.samples, encoding="utf-8") as source:
        samples = json.load(source)["samples"]
    if args.mode == "rows" and any(len(s["ids"]) != 512 or sum(s["trained"][1:]) != 511 for s in samples):
        raise SystemExit("rows: every sample must have 512 tokens, all of them targets but the first")
    model = open_model(args)
    if args.save_init:
        model.save_pretrained(args.save_init)
    rank = model.peft_config["default"].r
    trainable = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trainable, lr=args.lr, weight_decay=0.0)
    model.train()

    steps, first_step_after = [], None
    for batch in batches(samples, args.batch_size or BATCH[args.mode], args.steps):
        began = time.perf_counter()
        ids, mask, labels = tensors(batch)
        loss = model(input_ids=ids, attention_mask=mask, labels=labels, use_cache=False).loss
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(trainable, args.clip)
        optimizer.step()
        optimizer.zero_grad()
        seconds = time.perf_counter() - began
        first_step_after = first_step_after or peer_machine.seconds_since_start()
        steps.append({
            "seconds": seconds, "loss": loss.item(), "grad_norm": norm.item(), "padded_tokens": ids.numel(),
            "tokens": int(mask.sum()), "target_tokens": int((labels >= 0).sum()),
            "needed_flop": needed_flop(model.config, rank, batch),
        })
        print(f"step {len(steps)}: {seconds:.2f} s, loss {loss.item():.4f}", flush=True)

    result = {
        "engine": "peft", "mode": args.mode, "threads": args.threads, "rank": rank,
        "checkpointing": args.checkpointing, "import_seconds": import_seconds,
        "first_step_done_seconds": first_step_after,
        "step_seconds": [s["seconds"] for s in steps],
        "median_step_seconds": statistics.median(s["seconds"] for s in steps),
        "median_without_first": statistics.median([s["seconds"] for s in steps[1:]] or [steps[0]["seconds"]]),
        "peak_resident_bytes": peer_machine.peak_resident_bytes(), "steps": steps,
    }
    if not args.no_rates:
        rates = peer_machine.product_rates()
        best = max(r["gflop_per_second"] for r in rates)
        result["product_rates"], result["best_gflop_per_second"] = rates, best
        result["median_share_of_best_rate"] = statistics.median(
            s["needed_flop"] / s["seconds"] / (best * 1e9) for s in steps
        )
    with open(args.out, "w", encoding="utf-8") as sink:
        json.dump(result | peer_machine.provenance(), sink, indent=1, ensure_ascii=False)
        sink.write("\n")


if __name__ == "__main__":
    main()

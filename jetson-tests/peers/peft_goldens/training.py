"""One PEFT run: padded batches, one mean over the targets of a step, AdamW with Hugging Face's schedulers."""

import math
import os

import torch
from peft import LoraConfig, PeftModel, VeraConfig, get_peft_model
from peft.optimizers import create_loraplus_optimizer
from safetensors.torch import load_file
from torch.nn import functional
from transformers import get_scheduler

from . import models_made

COMPUTE = {"fp32": torch.float32, "bf16": torch.bfloat16}
BLOCK_LINEARS = "q_proj,k_proj,v_proj,o_proj,gate_proj,up_proj,down_proj"
SCHEDULES = {"constant": "constant_with_warmup", "linear": "linear", "cosine": "cosine"}


def adapter_config(case):
    targets, layers = case["targets"], None
    if targets == "all-linear" and "layers" in case:
        targets = BLOCK_LINEARS  # PEFT takes layers only beside names
    if targets != "all-linear":
        targets = targets.split(",")
    if "layers" in case:
        first, _, last = case["layers"].partition("-")
        layers = list(range(int(first), int(last or first) + 1))
    if case.get("adapter") == "vera":
        return VeraConfig(
            r=case["rank"], vera_dropout=0.0, target_modules=targets, layers_to_transform=layers,
            task_type="CAUSAL_LM", projection_prng_key=case.get("projection-key", 0),
            save_projection=case.get("save-projection", "on") == "on", d_initial=case.get("d-initial", 0.1),
        )
    return LoraConfig(
        r=case["rank"], lora_alpha=case["alpha"], lora_dropout=0.0, target_modules=targets,
        layers_to_transform=layers, task_type="CAUSAL_LM", use_rslora=case.get("adapter") == "rslora",
        use_dora=case.get("adapter") == "dora", init_lora_weights=case.get("init", True),
        modules_to_save=case["modules-to-save"].split(",") if "modules-to-save" in case else None,
        rank_pattern=case.get("rank-pattern", {}), alpha_pattern=case.get("alpha-pattern", {}),
    )


def perturb(model):
    """Away from where an adapter begins, so that every gradient says something."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                parameter.normal_(0, 0.02)
            elif "vera_lambda_b" in name:
                parameter.normal_(0, 0.2)
            elif "vera_lambda_d" in name:
                parameter.mul_(1 + 0.1 * torch.randn(parameter.shape))
            elif "lora_magnitude_vector" in name:
                parameter.mul_(1 + 0.1 * torch.randn(parameter.shape))


def write_initial_adapter(model_folder, case, seed, folder):
    """PEFT's own beginning, and a B that is not zero."""
    torch.manual_seed(seed)
    model = get_peft_model(models_made.load(model_folder, torch.float32), adapter_config(case))
    perturb(model)
    model.peft_config["default"].base_model_name_or_path = f"models/{case['model']}"
    model.save_pretrained(folder)


def ready(model, case, dtype):
    """In the arithmetic that is asked for, and with what the kind freezes frozen."""
    expected = torch.float64 if dtype == torch.float64 else torch.float32
    if dtype == torch.float64:
        model = model.double()
    if case.get("adapter") == "lora-fa":
        for name, parameter in model.named_parameters():
            if "lora_A" in name:
                parameter.requires_grad_(False)
    # Rotary frequencies are a buffer in fp32 whatever the weights are; `.to(bfloat16)` would round them.
    frequencies = model.base_model.model.model.rotary_emb.inv_freq
    assert dtype == torch.float64 or frequencies.dtype == torch.float32
    assert all(p.dtype == expected for p in model.parameters() if p.requires_grad)
    return model


def open_adapter(model_folder, folder, case, dtype, rounded_to=None):
    """The base in `dtype`, its values rounded to another dtype before that; adapters in at least fp32."""
    if "init" in case:
        # What changes the base begins again from it: no file holds both.
        model = get_peft_model(models_made.load(model_folder, torch.float32), adapter_config(case))
        model.peft_config["default"].base_model_name_or_path = f"models/{case['model']}"
        return ready(model, case, dtype)
    base = models_made.load(model_folder, rounded_to or dtype)
    if rounded_to:
        base = base.to(dtype)
    model = PeftModel.from_pretrained(base, folder, is_trainable=True)
    if dtype == torch.bfloat16:
        widen_whole_modules(model, folder)
    return ready(model, case, dtype)


def widen_whole_modules(model, folder):
    """Whole copies as the file has them, in fp32. PEFT widens its layers' own weights beside a narrow base and leaves
    these as narrow as the base, where a rate of 5e-4 is less than half a step of bf16. What a copy takes and gives is
    converted at its borders: hidden states are widened before the head, the table's rows rounded behind it."""
    copies = {n: m for n, m in model.named_modules() if n.endswith(".modules_to_save.default")}
    stored = load_file(os.path.join(folder, "adapter_model.safetensors"))
    for name, copy in copies.items():
        copy.weight.data = stored[name.replace(".modules_to_save.default", "") + ".weight"].float()
        if isinstance(copy, torch.nn.Embedding):
            copy.register_forward_hook(lambda module, given, out: out.to(torch.bfloat16))
        else:
            copy.register_forward_pre_hook(lambda module, given: tuple(x.float() for x in given))


def batch_tensors(samples):
    width = max(len(s.ids) for s in samples)
    ids = torch.zeros(len(samples), width, dtype=torch.long)
    mask, targets = torch.zeros_like(ids), torch.zeros_like(ids, dtype=torch.bool)
    for row, sample in enumerate(samples):
        ids[row, : len(sample.ids)] = torch.tensor(sample.ids)
        mask[row, : len(sample.ids)] = 1
        targets[row, : len(sample.ids)] = torch.tensor(sample.targets(), dtype=torch.bool)
    return ids, mask, targets


def token_losses(model, samples):
    """Rows × (width − 1) losses of the next token, in at least fp32, and which of them are targets."""
    ids, mask, targets = batch_tensors(samples)
    logits = model(input_ids=ids, attention_mask=mask, use_cache=False).logits[:, :-1]
    logits = logits if logits.dtype == torch.float64 else logits.float()
    losses = functional.cross_entropy(logits.transpose(1, 2), ids[:, 1:], reduction="none")
    return losses, targets[:, 1:]


def warmup_steps(case):
    warmup = case["warmup"]
    return math.ceil(case["steps"] * warmup) if warmup < 1 else int(warmup)


def make_optimizer(model, case):
    wanted = dict(lr=case["lr"], betas=tuple(case["betas"]), eps=case["eps"])
    if case["lora-plus-ratio"] != 1.0:
        return create_loraplus_optimizer(
            model, torch.optim.AdamW, loraplus_lr_ratio=case["lora-plus-ratio"],
            loraplus_weight_decay=case["weight-decay"], **wanted,
        )
    trainable = [p for p in model.parameters() if p.requires_grad]
    return torch.optim.AdamW(trainable, weight_decay=case["weight-decay"], **wanted)


def file_name_of(parameter_name):
    name = parameter_name.replace(".lora_magnitude_vector.default.weight", ".lora_magnitude_vector")
    return name.replace(".modules_to_save.default.", ".").replace(".default.", ".").removesuffix(".default")


def train(model, case, steps):
    """Losses, rates and norms of every step, and the gradients of the first before clipping."""
    named = {n: p for n, p in model.named_parameters() if p.requires_grad}
    optimizer = make_optimizer(model, case)
    scheduler = get_scheduler(
        SCHEDULES[case["schedule"]], optimizer, num_warmup_steps=warmup_steps(case),
        num_training_steps=case["steps"],
    )
    model.train()
    losses, rates, norms, tokens, target_tokens, first = [], [], [], [], [], {}
    for micro_batches in steps:
        count = sum(sum(s.targets()) for batch in micro_batches for s in batch)
        total = 0.0
        for batch in micro_batches:
            each, is_target = token_losses(model, batch)
            chosen = each[is_target]
            (chosen.sum() / count).backward()
            total += chosen.detach().double().sum().item()
        if not first:
            first = {file_name_of(n): p.grad.detach().clone() for n, p in named.items()}
        limit = case["clip"] or math.inf
        norms.append(torch.nn.utils.clip_grad_norm_(named.values(), limit).item())
        losses.append(total / count)
        rates.append(scheduler.get_last_lr()[0])
        tokens.append(sum(len(s.ids) for batch in micro_batches for s in batch))
        target_tokens.append(count)
        optimizer.step()
        scheduler.step()
        optimizer.zero_grad()
    return {"losses": losses, "lrs": rates, "grad_norms": norms, "tokens": tokens,
            "target_tokens": target_tokens, "first": first}


def adapter_tensors(model):
    return {file_name_of(n): p.detach().double() for n, p in model.named_parameters() if p.requires_grad}

"""A few steps of PEFT on one of the models, and the losses of the untrained adapter token by token."""

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from torch.nn import functional

RANK, ALPHA, LR, STEPS, BATCH = 2, 4, 2e-3, 8, 3


def load(model_class, folder):
    model = model_class.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager")
    assert all(p.dtype == torch.float32 for p in model.parameters())
    return model


def write_initial_adapter(model_class, folder, seed, out):
    torch.manual_seed(seed)
    config = LoraConfig(r=RANK, lora_alpha=ALPHA, lora_dropout=0.0, target_modules="all-linear", task_type="CAUSAL_LM")
    model = get_peft_model(load(model_class, folder), config)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                parameter.normal_(0, 0.05)
    model.peft_config["default"].base_model_name_or_path = ".."
    model.save_pretrained(out)


def losses_of(model, rows):
    width = max(map(len, rows))
    ids, mask = torch.zeros(len(rows), width, dtype=torch.long), torch.zeros(len(rows), width, dtype=torch.long)
    for i, row in enumerate(rows):
        ids[i, : len(row)], mask[i, : len(row)] = torch.tensor(row), 1
    logits = model(input_ids=ids, attention_mask=mask, use_cache=False).logits[:, :-1]
    losses = functional.cross_entropy(logits.transpose(1, 2), ids[:, 1:], reduction="none")
    return losses, mask[:, 1:].bool()


def token_losses(model, rows):
    out = []
    model.eval()
    with torch.no_grad():
        for row in rows:
            out.append([round(v, 6) for v in losses_of(model, [row])[0][0].tolist()])
    return out


def greedy(model, row, count):
    """New tokens of a full forward for each, and the least distance of the two best logits."""
    model.eval()
    ids, nearest = list(row), float("inf")
    with torch.no_grad():
        for _ in range(count):
            best = model(input_ids=torch.tensor([ids]), use_cache=False).logits[0, -1].topk(2)
            nearest = min(nearest, (best.values[0] - best.values[1]).item())
            ids.append(best.indices[0].item())
    return ids[len(row):], nearest


def opened(model_class, folder, adapter):
    return PeftModel.from_pretrained(load(model_class, folder), adapter, is_trainable=True)


def run(model, rows):
    named = {n: p for n, p in model.named_parameters() if p.requires_grad}
    optimizer = torch.optim.AdamW(named.values(), lr=LR, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0)
    batches = [rows[i : i + BATCH] for i in range(0, len(rows), BATCH)]
    losses, norms, first = [], [], {}
    model.train()
    for step in range(STEPS):
        each, is_target = losses_of(model, batches[step % len(batches)])
        loss = each[is_target].mean()
        loss.backward()
        if not first:
            first = {n.replace(".default.", "."): p.grad.detach().clone() for n, p in named.items()}
        norms.append(torch.nn.utils.clip_grad_norm_(named.values(), 1.0).item())
        losses.append(loss.item())
        optimizer.step()
        optimizer.zero_grad()
    return losses, norms, first

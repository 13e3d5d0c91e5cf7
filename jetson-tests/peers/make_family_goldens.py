"""Records what transformers and PEFT make of a tiny model of each family that Nacelle reads.

    python make_family_goldens.py [--out DIR] [--only CASE …]

For each case: a Hugging Face folder, the same model as a GGUF file where GGUF can say it, an initial adapter on all linear
layers, and in case.json: token ids of hard texts and of a rendered conversation, losses token by token, the losses of a few
steps, greedy tokens; the gradients of the first step beside it. Needs torch, transformers, peft and gguf.
"""

import argparse
import json
import os
import shutil
import sys
import warnings

os.environ["HF_HUB_OFFLINE"] = "1"
if os.environ.get("PYTHONHASHSEED") != "0":  # PEFT writes target_modules in the order of a Python set
    os.environ["PYTHONHASHSEED"] = "0"
    os.execv(sys.executable, [sys.executable, *sys.argv])

import torch
from safetensors.torch import save_file
from transformers import AutoTokenizer

from family_goldens import gguf_made, models_made, texts, tokenizers_made, training

HERE = os.path.dirname(os.path.abspath(__file__))
DEFAULT_OUT = os.path.normpath(os.path.join(HERE, "..", "src", "test", "resources", "goldens", "families"))


def write_json(path, data):
    with open(path, "w", encoding="utf-8") as sink:
        json.dump(data, sink, indent=1, ensure_ascii=False)
        sink.write("\n")


def write_case(name, folder):
    case = models_made.CASES[name]
    os.makedirs(folder)
    made, facts = tokenizers_made.make(case["tokenizer"])
    config = models_made.config_of(name, made, tokenizers_made.KINDS[case["tokenizer"]])
    state = models_made.seeded_weights(name, config)
    tokenizers_made.write(case["tokenizer"], made, folder)
    models_made.write(name, config, state, folder)
    if case.get("gguf", True):
        gguf_made.write(os.path.join(folder, "model.gguf"), case["kind"], config, state,
                        lambda writer: tokenizers_made.to_gguf(writer, case["tokenizer"], made, facts))
    model_class, adapter = models_made.class_of(name), os.path.join(folder, "adapter")
    training.write_initial_adapter(model_class, folder, 40 + len(name), adapter)
    os.remove(os.path.join(adapter, "README.md"))
    tokenizer = AutoTokenizer.from_pretrained(folder)
    rows = [tokenizer(text)["input_ids"] + [tokenizer.eos_token_id] for text in texts.TRAIN]
    model = training.opened(model_class, folder, adapter)
    token_losses = training.token_losses(model, rows)
    prompt = tokenizer("to the town, to the tower, to the")["input_ids"]
    new, nearest = training.greedy(model, prompt, 24)
    losses, norms, first = training.run(model, rows)
    save_file(first, os.path.join(folder, "step1_gradients.safetensors"), metadata={"format": "pt"})
    text = tokenizer.apply_chat_template(texts.CHAT, tokenize=False, add_generation_prompt=False)
    write_json(os.path.join(folder, "case.json"), {
        "family": config.model_type, "gguf": case.get("gguf", True), "texts": texts.PROBES,
        "ids": [tokenizer(text)["input_ids"] for text in texts.PROBES],
        "chat": {"text": text, "ids": tokenizer(text, add_special_tokens=False)["input_ids"]},
        "token_losses": token_losses, "losses": losses, "grad_norms": norms,
        "greedy": {"prompt": "to the town, to the tower, to the", "ids": new, "nearest": nearest}})
    for root, _, names in os.walk(folder):
        for file in names:
            os.chmod(os.path.join(root, file), 0o644)
    return f"loss {losses[0]:.4f} -> {losses[-1]:.4f}, greedy apart by {nearest:.4f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", default=DEFAULT_OUT)
    parser.add_argument("--only", nargs="*", help="make these cases again; all else is left as it is")
    args = parser.parse_args()
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    os.makedirs(args.out, exist_ok=True)
    with open(os.path.join(args.out, "data.jsonl"), "w", encoding="utf-8") as sink:
        sink.writelines(json.dumps({"text": text}, ensure_ascii=False) + "\n" for text in texts.TRAIN)
    write_json(os.path.join(args.out, "chat.json"), texts.CHAT)
    for name in args.only or models_made.CASES:
        folder = os.path.join(args.out, name)
        shutil.rmtree(folder, ignore_errors=True)
        print(f"{name:16}", write_case(name, folder), flush=True)


if __name__ == "__main__":
    main()

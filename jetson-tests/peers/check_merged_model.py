"""Opens a folder that `nacelle merge` wrote with transformers, and holds it against Nacelle's own losses and ids.

    nacelle eval --model BASE --adapter D --data F.jsonl --token-losses L.jsonl
    nacelle merge --model BASE --adapter D --out MERGED
    python check_merged_model.py --merged MERGED --token-losses L.jsonl --nacelle ./nacelle --base BASE [--adapter D]

- transformers' loss of every token of L.jsonl, with the merged model and no adapter, is the one in L.jsonl;
- transformers' ids of hard strings and of a rendered chat are those that `nacelle tokenize --model BASE` gives;
- with --adapter and a folder as the base, every merged weight equals PEFT's merge_and_unload, fp32 against fp32.
"""

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

HARD = [
    "", " ", "  \n\n\t x", "Hello, world!", "don't  won't I'LL they've", "1234567890 12,345.67e-8", "naïve café ÅÅ ﬁ ½",
    "日本語のテキスト。中文", "עברית العربية हिन्दी ไทย", "🙂👩‍👩‍👧‍👦🏳️‍🌈", "a" * 300, "\u200b\u00a0\ufeff\u2028x", "<|im_start|>user\nhi<|im_end|>\n",
    "<|endoftext|>", "<s></s>[INST]", "\\n\\t\\u0041", "if (x<=y&&z!=0){return x[i++];}", "\x00\x01\x7f", "e\u0301 é", "Straße İstanbul ǅ",
    "   leading and trailing   ", "\r\n\r\n", "1\u066012", "\U0001d518\U0001d52b", "…—–“”’", "tab\tseparated\tvalues", "x" * 50 + " " * 50 + "y",
]


def token_losses(model, ids):
    with torch.no_grad():
        logits = model(torch.tensor([ids])).logits[0].float()
    return torch.nn.functional.cross_entropy(logits[:-1], torch.tensor(ids[1:]), reduction="none").tolist()


def tokenize(nacelle, model, *flags):
    out = subprocess.run([nacelle, "tokenize", "--model", model, *flags], check=True, capture_output=True, text=True)
    return json.loads(out.stdout)


def check_losses(model, path, tolerance):
    worst, count = 0.0, 0
    for line in open(path):
        record = json.loads(line)
        if len(record["ids"]) < 2 or "dropped" in record:
            continue
        theirs = [None] + token_losses(model, record["ids"])
        for mine, other in zip(record["losses"], theirs):
            if mine is not None:
                worst = max(worst, abs(mine - other))
                count += 1
    print(f"{count} token losses, largest difference {worst:.2e}")
    assert count > 0 and worst <= tolerance, worst


def check_ids(tokenizer, nacelle, base):
    with tempfile.TemporaryDirectory() as scratch:
        file = os.path.join(scratch, "text")
        for text in HARD + ["\n".join(HARD)]:
            with open(file, "w", encoding="utf-8", newline="") as sink:
                sink.write(text)
            mine = tokenize(nacelle, base, "--file", file)["ids"]
            theirs = tokenizer(text)["input_ids"]
            assert mine == theirs, (text, mine, theirs)
        chat = [{"role": "user", "content": "Hi there"}, {"role": "assistant", "content": "Hello 🙂"}]
        with open(file, "w", encoding="utf-8") as sink:
            json.dump(chat, sink)
        mine = tokenize(nacelle, base, "--file", file, "--chat")
        if tokenizer.chat_template:
            text = tokenizer.apply_chat_template(chat, tokenize=False)
            assert mine["text"] == text, (mine["text"], text)
            assert mine["ids"] == tokenizer(text, add_special_tokens=False)["input_ids"]
    print(f"{len(HARD) + 2} texts have the same ids")


def check_peft(model, base, adapter):
    from peft import PeftModel

    wanted = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32), adapter)
    wanted = wanted.merge_and_unload().state_dict()
    have = model.state_dict()
    assert set(wanted) == set(have), set(wanted) ^ set(have)
    worst = 0.0
    for name, tensor in wanted.items():
        worst = max(worst, (tensor - have[name]).abs().max().item())
    print(f"{len(wanted)} weights, largest difference to PEFT's merge {worst:.2e}")
    assert worst < 2e-6, worst


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--merged", required=True)
    parser.add_argument("--token-losses", required=True)
    parser.add_argument("--tolerance", type=float, default=1e-3, help="of a token's loss; transformers computes in fp32")
    parser.add_argument("--nacelle", required=True)
    parser.add_argument("--base", required=True)
    parser.add_argument("--adapter")
    args = parser.parse_args()
    tokenizer = AutoTokenizer.from_pretrained(args.merged)
    model = AutoModelForCausalLM.from_pretrained(args.merged, dtype=torch.float32)
    model.eval()
    stored = AutoModelForCausalLM.from_pretrained(args.merged, dtype="auto")
    config = json.load(open(os.path.join(args.merged, "config.json")))
    kinds = {str(p.dtype).removeprefix("torch.") for p in stored.parameters()}
    assert kinds == {config.get("dtype") or config.get("torch_dtype")}, (kinds, config)
    print(f"transformers opens {args.merged}: {sum(p.numel() for p in model.parameters()):,} parameters in {kinds}")
    check_losses(model, args.token_losses, args.tolerance)
    check_ids(tokenizer, args.nacelle, args.base)
    if args.adapter and os.path.isdir(args.base):
        check_peft(model, args.base, args.adapter)
    assert not math.isnan(sum(p.sum().item() for p in model.parameters()))


if __name__ == "__main__":
    sys.exit(main())

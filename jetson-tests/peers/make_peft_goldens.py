"""Records what PEFT does on tiny models: the goldens that the engine is held against (issue: right by PEFT).

    python make_peft_goldens.py [--out DIR] [--only CASE …]

Needs torch, peft, transformers, safetensors and tokenizers; see MANIFEST.json for the versions used.
"""

import argparse
import os
import sys

os.environ["HF_HUB_OFFLINE"] = "1"

if os.environ.get("PYTHONHASHSEED") != "0":  # PEFT writes target_modules in the order of a Python set
    os.environ["PYTHONHASHSEED"] = "0"
    os.execv(sys.executable, [sys.executable, *sys.argv])

import shutil
import warnings

import torch

from peft_goldens import cases, models_made, writing

HERE = os.path.dirname(os.path.abspath(__file__))
DEFAULT_OUT = os.path.join(HERE, "..", "src", "test", "resources", "goldens", "peft")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", default=os.path.normpath(DEFAULT_OUT))
    parser.add_argument("--only", nargs="*", help="make these cases again; all else is left as it is")
    args = parser.parse_args()
    warnings.filterwarnings("ignore", category=UserWarning)  # PEFT asks the hub about the models' relative names
    warnings.filterwarnings("ignore", category=FutureWarning)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)

    models = os.path.join(args.out, "models")
    if not args.only:
        shutil.rmtree(models, ignore_errors=True)
        for name in models_made.MODELS:
            models_made.write(name, os.path.join(models, name))
    for name in args.only or cases.CASES:
        folder = os.path.join(args.out, name)
        shutil.rmtree(folder, ignore_errors=True)
        summary = writing.write_case(name, os.path.join(models, cases.CASES[name]["model"]), folder)
        print(f"{name:18}", summary, flush=True)
    if not args.only:
        writing.write_fresh_start(models, args.out)
    writing.write_manifest(args.out, args.only)


if __name__ == "__main__":
    main()

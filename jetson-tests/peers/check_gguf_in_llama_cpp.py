"""Runs GGUF files of ours in a real llama.cpp, and holds its losses against Nacelle's.

    npm pack @node-llama-cpp/linux-x64@3.22.1 && tar xf *.tgz        # a plain libllama with its C interface
    nacelle eval --model base-f16.gguf --adapter D --data F.jsonl --token-losses L.jsonl
    nacelle export --model base-f16.gguf --adapter D --format gguf --out D.gguf
    python check_gguf_in_llama_cpp.py --lib package/bins/linux-x64 --model base-f16.gguf --lora D.gguf --token-losses L.jsonl
    python check_gguf_in_llama_cpp.py --lib package/bins/linux-x64 --model merged.gguf --token-losses L.jsonl

    nacelle generate --model base-f32.gguf --adapter D --prompt "Once" --max-new-tokens 64 --json >G.json
    python check_gguf_in_llama_cpp.py --lib package/bins/linux-x64 --model base-f32.gguf --lora D.gguf --prompt Once --generated G.json

Parameters are passed as its own defaults: opaque blocks that llama.cpp filled itself, so that their layout need not be
known but for the cache's two types, whose place is found and held against what llama.cpp then says of its cache. Tokens
go in one at a time, and the logits behind each give the loss of the next. llama.cpp quantises activations where weights
are quantised, so the mean is held as well as each token. Greedy tokens must be Nacelle's; where they are not, the two
best logits must lie closer than 1e-2, and Nacelle's token goes in.
"""

import argparse
import ctypes
import glob
import json
import os
import struct

import numpy as np

# Numbers of ggml's own list of types.
F32, F16 = 0, 1


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
    library.said = []

    def hear(level, text, data):
        library.said.append(text.decode(errors="replace"))
        if level == 4:  # an error
            print(library.said[-1], end="")

    silent = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_char_p, pointer)(hear)
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
    library.llama_vocab_is_eog.restype = ctypes.c_bool
    library.llama_vocab_is_eog.argtypes = [pointer, ctypes.c_int32]
    library.llama_tokenize.argtypes = [pointer, ctypes.c_char_p, ctypes.c_int32, pointer, ctypes.c_int32, ctypes.c_bool, ctypes.c_bool]
    library.llama_free.argtypes = [pointer]
    library.llama_set_n_threads.argtypes = [pointer, ctypes.c_int32, ctypes.c_int32]
    library.llama_decode.argtypes = [pointer, Batch]
    library.llama_get_logits_ith.restype = ctypes.POINTER(ctypes.c_float)
    library.llama_get_logits_ith.argtypes = [pointer, ctypes.c_int32]
    library.llama_backend_init()
    return library


def with_wide_cache(parameters):
    """The defaults with keys and values in fp32: two neighbours that say F16, behind two pointers that are null."""
    data = bytearray(parameters)
    found = [at for at in range(16, 512, 4) if data[at - 16 : at + 8] == bytes(16) + struct.pack("<ii", F16, F16)]
    assert len(found) == 1, f"the cache's types may lie at {found}"
    data[found[0] : found[0] + 8] = struct.pack("<ii", F32, F32)
    return Block.from_buffer(data)


class Session:
    """A context: tokens go in, logits come out."""

    def __init__(self, library, model, lora):
        self.library = library
        library.said.clear()
        self.context = library.llama_init_from_model(model, with_wide_cache(library.llama_context_default_params()))
        assert self.context
        said = "".join(library.said)
        assert "K (f32)" in said and "V (f32)" in said, "the cache is not in fp32: " + said
        library.llama_set_n_threads(self.context, 1, 1)
        if lora:
            one = (ctypes.c_void_p * 1)(lora)
            assert library.llama_set_adapters_lora(self.context, one, 1, (ctypes.c_float * 1)(1.0)) == 0
        self.vocabulary = library.llama_vocab_n_tokens(library.llama_model_get_vocab(model))

    def __enter__(self):
        return self

    def __exit__(self, *thrown):
        self.library.llama_free(self.context)

    def logits(self, token):
        cell = (ctypes.c_int32 * 1)(token)
        assert self.library.llama_decode(self.context, self.library.llama_batch_get_one(cell, 1)) == 0
        row = self.library.llama_get_logits_ith(self.context, -1)
        return np.ctypeslib.as_array(row, (self.vocabulary,)).astype(np.float64)


def losses(library, model, lora, ids):
    out = [None]
    with Session(library, model, lora) as session:
        for token, following in zip(ids, ids[1:]):
            logits = session.logits(token)
            top = logits.max()
            out.append(top + np.log(np.exp(logits - top).sum()) - logits[following])
    return out


def tokenize(library, model, text):
    room = (ctypes.c_int32 * 4096)()
    data = text.encode()
    count = library.llama_tokenize(library.llama_model_get_vocab(model), data, len(data), room, len(room), True, True)
    assert 0 < count <= len(room)
    return list(room[:count])


def check_generated(library, model, lora, prompt, asked, generated):
    """Holds greedy tokens against llama.cpp's; fewer than asked for must be all up to the end of the text."""
    ids = tokenize(library, model, prompt)
    assert len(ids) == generated["prompt_tokens"], f"{len(ids)} tokens in llama.cpp, {generated['prompt_tokens']} in Nacelle"
    close, nearest, changed = 0, np.inf, 0
    bare = Session(library, model, None) if lora else None
    with Session(library, model, lora) as session:
        for token in ids[:-1]:
            session.logits(token)
            if bare:
                bare.logits(token)
        last = ids[-1]
        for n, ours in enumerate(generated["ids"]):
            logits = session.logits(last)
            second, best = np.sort(logits)[-2:]
            nearest = min(nearest, best - second)
            if int(logits.argmax()) != ours:
                assert best - logits[ours] < 1e-2, f"token {n} is {ours} in Nacelle and {logits.argmax()} in llama.cpp, by {best - logits[ours]:.4f}"
                close += 1
            if bare:
                changed += int(bare.logits(last).argmax()) != ours
            last = ours
        if len(generated["ids"]) < asked:
            best = int(session.logits(last).argmax())
            assert library.llama_vocab_is_eog(library.llama_model_get_vocab(model), best), f"llama.cpp goes on with {best}"
    print(f"{len(generated['ids'])} greedy tokens behind {len(ids)}: {close} unlike where two logits lie within 1e-2; nearest pair {nearest:.4f} apart")
    if bare:
        print(f"without the adapter {changed} of them would be others")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lib", required=True, help="the folder with libllama and libggml")
    parser.add_argument("--model", required=True)
    parser.add_argument("--lora")
    asked = parser.add_mutually_exclusive_group(required=True)
    asked.add_argument("--token-losses")
    asked.add_argument("--generated", help="what generate --json printed")
    parser.add_argument("--prompt", help="what --generated goes on with")
    parser.add_argument("--max-new-tokens", type=int, default=64, help="how many --generated was asked for")
    parser.add_argument("--tolerance", type=float, default=0.02, help="of the mean loss")
    args = parser.parse_args()
    library = load(os.path.abspath(args.lib))
    model = library.llama_model_load_from_file(args.model.encode(), library.llama_model_default_params())
    assert model, "llama.cpp does not open " + args.model
    lora = None
    if args.lora:
        lora = library.llama_adapter_lora_init(model, args.lora.encode())
        assert lora, "llama.cpp does not take " + args.lora
    if args.generated:
        with open(args.generated) as file:
            check_generated(library, model, lora, args.prompt, args.max_new_tokens, json.load(file))
        return
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

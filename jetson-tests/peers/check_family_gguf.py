"""Holds the GGUF files of make_family_goldens.py against llama.cpp's own converter: names, numbers, metadata.

    pip download --no-binary :all: --no-deps llama_cpp_python==0.3.36 && tar xzf llama_cpp_python-0.3.36.tar.gz
    python check_family_gguf.py --llama-cpp llama_cpp_python-0.3.36/vendor/llama.cpp

The converter knows tokenizers by a hash of their ids and none of the tiny ones: vocabularies are left out here.
"""

import argparse
import os
import pathlib
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
GOLDENS = HERE / ".." / "src" / "test" / "resources" / "goldens" / "families"
# Keys that ours say and the converter leaves to its readers' defaults.
SAID_TWICE = (".attention.key_length", ".attention.value_length", ".attention.sliding_window_pattern")


def metadata(reader):
    skipped = ("GGUF", "general", "tokenizer")
    return {k: f.contents() for k, f in reader.fields.items() if not k.startswith(skipped)}


def compare(folder, out):
    import conversion
    import gguf
    import numpy as np
    from conversion.base import ModelBase

    model_class = conversion.get_model_class(ModelBase.load_hparams(folder, False)["architectures"][0])
    model_class.set_vocab = lambda self: None
    model_class(folder, gguf.LlamaFileType.ALL_F32, out).write()
    theirs, ours = gguf.GGUFReader(str(out)), gguf.GGUFReader(str(folder / "model.gguf"))
    wanted, found = ({t.name: t for t in r.tensors} for r in (theirs, ours))
    assert wanted.keys() == found.keys(), wanted.keys() ^ found.keys()
    worst = 0.0
    for name, tensor in wanted.items():
        a, b = (gguf.quants.dequantize(t.data, t.tensor_type).reshape(-1) for t in (tensor, found[name]))
        worst = max(worst, float(np.abs(a - b).max()))
    assert worst < 1e-6, worst
    keys, own = metadata(theirs), metadata(ours)
    assert all(own[k] == v for k, v in keys.items()), {k: (v, own.get(k)) for k, v in keys.items() if own.get(k) != v}
    more = [k for k in own if k not in keys]
    assert all(k.endswith(SAID_TWICE) for k in more), more
    print(f"{folder.name:16} {len(wanted)} tensors, off by at most {worst:.1e}, {len(keys)} keys equal; beside: {more}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--llama-cpp", required=True, type=pathlib.Path)
    root = parser.parse_args().llama_cpp
    sys.path[:0] = [str(root / "gguf-py"), str(root)]
    with tempfile.TemporaryDirectory() as temporary:
        for folder in sorted(GOLDENS.iterdir()):
            if (folder / "model.gguf").exists():
                compare(folder.resolve(), pathlib.Path(temporary) / f"{folder.name}.gguf")


if __name__ == "__main__":
    os.environ["NO_LOCAL_GGUF"] = "1"
    main()

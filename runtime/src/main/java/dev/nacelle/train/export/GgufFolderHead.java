package dev.nacelle.train.export;

import dev.nacelle.NacelleException;
import dev.nacelle.file.GgufWriter;
import dev.nacelle.file.Quoted;

/** GGUF metadata for a model that came as a Hugging Face folder. */
final class GgufFolderHead {
  private GgufFolderHead() {}

  static GgufWriter of(MergeBase.Folder base, int fileType) {
    throw NacelleException.usage(
        "--format gguf needs a GGUF base so far, and "
            + Quoted.path(base.source().path())
            + " is a folder",
        "merge into a folder, and convert that with llama.cpp's convert_hf_to_gguf.py");
  }
}

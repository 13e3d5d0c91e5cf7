/**
 * Bytes in, named tensors out: safetensors, GGUF, Hugging Face folders, adapters, atomic writing.
 */
@NullMarked
package dev.nacelle.file;

import org.jspecify.annotations.NullMarked;

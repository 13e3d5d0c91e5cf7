/**
 * What was trained, in other forms: merged into its base as a Hugging Face folder or a GGUF file,
 * or as an adapter for llama.cpp. Everything is streamed a few rows at a time, whatever the size of
 * the model; nothing here computes with the kernels or loads LibTorch.
 */
@NullMarked
package dev.nacelle.train.export;

import org.jspecify.annotations.NullMarked;

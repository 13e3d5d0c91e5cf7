/**
 * Bytes in, named tensors out: safetensors, GGUF, Hugging Face folders, adapters, atomic writing.
 * Every reader here takes its file for hostile: offsets and counts are checked before they are
 * used, nothing is allocated on a file's word, and what is wrong ends as a {@link
 * dev.nacelle.NacelleException} that names file, place and rule. What tensors mean to a model is no
 * business of this package.
 */
@NullMarked
package dev.nacelle.file;

import org.jspecify.annotations.NullMarked;

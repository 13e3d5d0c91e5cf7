/**
 * Text in, token ids out, and back: tokenizers read from tokenizer.json, chat templates. Nothing
 * here knows of models or tensors.
 */
@NullMarked
package dev.nacelle.text;

import org.jspecify.annotations.NullMarked;

/**
 * Tokenizers out of GGUF metadata. The metadata is rendered as the tokenizer.json that means the
 * same, and that is read by the one reader that there is: what it writes can also be saved beside a
 * merged model.
 */
@NullMarked
package dev.nacelle.text.gguf;

import org.jspecify.annotations.NullMarked;

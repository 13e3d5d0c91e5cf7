/**
 * Our own tokenizers, compact enough for small boards: the parts that a tokenizer.json names
 * (normalizer, pre-tokenizer, model, post-processor, decoder, added tokens), each as the reference
 * library computes it, offsets included. The parts know nothing of JSON; {@link
 * dev.nacelle.text.tokenizer.TokenizerJson} reads them from a file, and other sources (a GGUF's
 * metadata) can build the same parts. What a file asks for and we do not do is refused by name.
 */
@NullMarked
package dev.nacelle.text.tokenizer;

import org.jspecify.annotations.NullMarked;

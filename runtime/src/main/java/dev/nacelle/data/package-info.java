/** Data lines in, samples of token ids out: the five shapes, masks, streaming, shuffling. */
@NullMarked
package dev.nacelle.data;

import org.jspecify.annotations.NullMarked;

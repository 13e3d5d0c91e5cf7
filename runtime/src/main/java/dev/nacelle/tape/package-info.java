/** The recording of a forward pass and its walk back: nodes, saved tensors and their policies. */
@NullMarked
package dev.nacelle.tape;

import org.jspecify.annotations.NullMarked;

/** Tensors: shape, element type and counted native storage. Nothing here allocates by itself. */
@NullMarked
package dev.nacelle.tensor;

import org.jspecify.annotations.NullMarked;

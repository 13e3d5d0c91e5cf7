/** The fused head and loss: chunks of rows through the products and a C kernel for the softmax. */
@NullMarked
package dev.nacelle.kernels.crossentropy;

import org.jspecify.annotations.NullMarked;

/**
 * Activations in few bits, {@code quantize_activation} and back: arguments, the face of the C
 * kernels, the reference, the descriptions.
 */
@NullMarked
package dev.nacelle.kernels.activation;

import org.jspecify.annotations.NullMarked;

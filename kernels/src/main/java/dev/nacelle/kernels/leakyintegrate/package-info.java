/**
 * Leaky integration over time: arguments, the face of the C kernel, the reference, the description.
 */
@NullMarked
package dev.nacelle.kernels.leakyintegrate;

import org.jspecify.annotations.NullMarked;

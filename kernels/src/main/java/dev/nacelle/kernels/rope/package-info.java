/**
 * Rotary position embedding: arguments, the face of the C kernel, the reference, the description.
 */
@NullMarked
package dev.nacelle.kernels.rope;

import org.jspecify.annotations.NullMarked;

/**
 * The root-mean-square norm: arguments, the face of the C kernel, the reference, the description.
 */
@NullMarked
package dev.nacelle.kernels.rmsnorm;

import org.jspecify.annotations.NullMarked;

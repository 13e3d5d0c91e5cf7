/**
 * Gradient norm and clipping: arguments, the face of the C kernel, the reference, the description.
 */
@NullMarked
package dev.nacelle.kernels.clipgradnorm;

import org.jspecify.annotations.NullMarked;

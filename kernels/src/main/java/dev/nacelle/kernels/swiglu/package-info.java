/** The gated unit: arguments, the face of the C kernel, the reference, the description. */
@NullMarked
package dev.nacelle.kernels.swiglu;

import org.jspecify.annotations.NullMarked;

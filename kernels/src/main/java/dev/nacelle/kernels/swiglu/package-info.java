/**
 * The gated units {@code swiglu} and {@code geglu}: arguments, the face of the C kernels, the
 * references, the descriptions.
 */
@NullMarked
package dev.nacelle.kernels.swiglu;

import org.jspecify.annotations.NullMarked;

/** Tests of the faces, and the operands that they share. */
@NullMarked
package dev.nacelle.kernels;

import org.jspecify.annotations.NullMarked;

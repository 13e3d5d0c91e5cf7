/** OpenBLAS's C interface, as far as we call it. */
@NullMarked
package dev.nacelle.nativeaccess.blas;

import org.jspecify.annotations.NullMarked;

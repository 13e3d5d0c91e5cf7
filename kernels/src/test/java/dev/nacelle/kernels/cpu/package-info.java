/** Tests of the C library, at every instruction set that runs here. */
@NullMarked
package dev.nacelle.kernels.cpu;

import org.jspecify.annotations.NullMarked;

/** Tests of what is chosen where: the C library or its stand-in, and who multiplies. */
@NullMarked
package dev.nacelle.kernels.backend;

import org.jspecify.annotations.NullMarked;

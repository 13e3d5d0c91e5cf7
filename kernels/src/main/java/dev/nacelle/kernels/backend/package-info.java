/** Chooses what executes the operators here: opens the C library, or falls back to plain Java. */
@NullMarked
package dev.nacelle.kernels.backend;

import org.jspecify.annotations.NullMarked;

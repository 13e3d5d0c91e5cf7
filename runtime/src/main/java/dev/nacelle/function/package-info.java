/** Differentiable functions, one a file, forward and backward side by side. */
@NullMarked
package dev.nacelle.function;

import org.jspecify.annotations.NullMarked;

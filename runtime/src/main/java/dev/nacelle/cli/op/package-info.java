/**
 * {@code op list}, {@code op run} and {@code bench ops}: operators from the command line. The
 * commands know no operator by name; what they print and accept comes from the descriptions in
 * {@code kernels}.
 */
@NullMarked
package dev.nacelle.cli.op;

import org.jspecify.annotations.NullMarked;

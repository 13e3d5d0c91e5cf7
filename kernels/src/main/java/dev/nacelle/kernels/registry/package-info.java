/**
 * The list of operators, and the sets of kernels by backend: the one place that names them all. A
 * new operator is a folder of its own and a line in {@link dev.nacelle.kernels.registry.Operators}.
 */
@NullMarked
package dev.nacelle.kernels.registry;

import org.jspecify.annotations.NullMarked;

/**
 * The description that every operator gives of itself, so that lists, command lines, benches and
 * the spec matrix need to know none of them by name: tensors with shapes in letters, attributes
 * with defaults and ranges, tolerances, and how to run and to measure it.
 */
@NullMarked
package dev.nacelle.kernels.operator;

import org.jspecify.annotations.NullMarked;

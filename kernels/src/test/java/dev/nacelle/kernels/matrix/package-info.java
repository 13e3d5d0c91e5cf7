/**
 * The spec matrix: every operator, on every backend and instruction set here, in every storage
 * type, over awkward shapes, strides and values, against LibTorch's autograd in fp64. A new
 * operator adds an {@link dev.nacelle.kernels.matrix.Oracle} and its cases.
 */
@NullMarked
package dev.nacelle.kernels.matrix;

import org.jspecify.annotations.NullMarked;

/**
 * Matrices in quantised blocks: {@code dequantize} and {@code quantized_linear}, which share the
 * formats. {@link dev.nacelle.kernels.quant.BlockDecoder} defines them in Java as
 * blocks/blocks_math.h does in C; here too are the faces of the C kernels, their references and
 * descriptions.
 */
@NullMarked
package dev.nacelle.kernels.quant;

import org.jspecify.annotations.NullMarked;

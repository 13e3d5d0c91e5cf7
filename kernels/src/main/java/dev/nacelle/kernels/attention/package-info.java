/**
 * {@code attention}, described: how segments, windows and batches become the packed samples that
 * {@link dev.nacelle.kernels.Attention} works on. The face of the C kernel is in {@code cpu}, the
 * reference in {@code reference}.
 */
@NullMarked
package dev.nacelle.kernels.attention;

import org.jspecify.annotations.NullMarked;

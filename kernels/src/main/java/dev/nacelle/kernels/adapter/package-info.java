/**
 * Linear layers with a low-rank path beside a frozen matrix: {@code lora_linear}, {@code
 * hydra_linear}, {@code dora_linear}. They are chains of products; the steps that all share are in
 * {@link dev.nacelle.kernels.adapter.LowRankSteps}, what stands between the products in C in
 * hydra_linear/ and dora_linear/.
 */
@NullMarked
package dev.nacelle.kernels.adapter;

import org.jspecify.annotations.NullMarked;

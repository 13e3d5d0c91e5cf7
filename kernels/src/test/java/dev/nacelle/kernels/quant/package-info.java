/** Blocks beside the packages that made the formats, and what the faces promise about them. */
@NullMarked
package dev.nacelle.kernels.quant;

import org.jspecify.annotations.NullMarked;

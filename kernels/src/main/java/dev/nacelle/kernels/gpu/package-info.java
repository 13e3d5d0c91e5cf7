/**
 * A GPU as the launch plans see it: sources compiled for it and kept, launches, memory. The plans
 * themselves, which are the same on this processor, do not belong here.
 */
@org.jspecify.annotations.NullMarked
package dev.nacelle.kernels.gpu;

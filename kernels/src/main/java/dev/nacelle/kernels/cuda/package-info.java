/**
 * How CUDA sources are launched: a plan for each entry point of the C library, which turns its
 * arguments into grids of kernels, and the device that runs them. The plans are the same for a GPU
 * and for the emulation on this processor; what touches a driver does not belong here.
 */
@org.jspecify.annotations.NullMarked
package dev.nacelle.kernels.cuda;

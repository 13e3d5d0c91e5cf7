/** CUDA sources without a GPU: the emulation on this processor, and what NVRTC says of them. */
@org.jspecify.annotations.NullMarked
package dev.nacelle.kernels.cuda;

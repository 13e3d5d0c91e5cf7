/**
 * One number of threads for everything that computes: the OpenMP runtime in which LibTorch and our
 * kernels run, and OpenBLAS.
 */
@NullMarked
package dev.nacelle.nativeaccess.threads;

import org.jspecify.annotations.NullMarked;

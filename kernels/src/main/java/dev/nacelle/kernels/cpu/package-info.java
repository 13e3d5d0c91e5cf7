/**
 * The C library's Java side: finding and loading it, and one class for each operator's face, which
 * checks its arguments and calls the function that KernelLibrary bound. The convention of entry
 * points is written in src/main/native/common/nk.h; CpuElementwise is the worked example.
 */
@NullMarked
package dev.nacelle.kernels.cpu;

import org.jspecify.annotations.NullMarked;

package dev.nacelle.kernels.operator;

import dev.nacelle.nativeaccess.NativeBuffer;

/** Where the results of an operator are put; the caller owns and closes what it gives out. */
@FunctionalInterface
public interface Allocator {
  NativeBuffer allocate(long bytes);
}

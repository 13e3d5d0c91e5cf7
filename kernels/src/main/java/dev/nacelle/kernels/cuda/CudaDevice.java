package dev.nacelle.kernels.cuda;

import dev.nacelle.nativeaccess.NativeBuffer;

/**
 * What runs kernels of the {@code .cu} sources: a GPU, or this processor in its stead. Launches are
 * carried out in order; addresses are those that the device reads.
 */
public interface CudaDevice {
  /**
   * Puts a kernel in line.
   *
   * @param source the folder of its source: {@code swiglu} for swiglu/swiglu.cu
   * @param kernel the name of its entry point
   * @throws dev.nacelle.nativeaccess.NativeException if the device refuses, with the launch's sizes
   */
  void launch(String source, String kernel, LaunchShape shape, KernelArguments arguments);

  /** Waits until everything in line is done. */
  void synchronize();

  /** Memory of the device for the length of a call, not cleared; closed in launch order. */
  NativeBuffer scratch(long bytes);

  /** A copy of host memory that the device reads, for tables; closed as {@link #scratch}. */
  NativeBuffer upload(long hostAddress, long bytes);

  /** Waits for what is in line and copies memory of the device to the host. */
  void download(long hostAddress, long deviceAddress, long bytes);

  /** Whether it multiplies bf16 and fp16 by matrix units: compute capability 8.0 on. */
  boolean hasMatrixUnits();

  /**
   * Threads that keep the device busy: from this many on a plan gives each thread more than one
   * element.
   */
  long busyThreads();
}

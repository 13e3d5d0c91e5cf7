package dev.nacelle.nativeaccess.cuda;

import java.util.function.Supplier;

/** A kernel. */
public final class CudaFunction {
  private static final int SHARED_BYTES = 1;
  private static final int LOCAL_BYTES = 3;
  private static final int REGISTERS = 4;
  private static final int MOST_THREADS = 0;
  private static final int DYNAMIC_SHARED_BYTES = 8;

  private final CudaModule module;
  private final long handle;
  private final String name;

  CudaFunction(CudaModule module, long handle, String name) {
    this.module = module;
    this.handle = handle;
    this.name = name;
  }

  public String name() {
    return name;
  }

  /**
   * What the compiler made of it.
   *
   * @param registers a thread
   * @param localBytes a thread: what was spilled, and arrays that have no registers
   * @param sharedBytes a block, without the dynamic ones
   * @param mostThreads a block
   */
  public record Resources(int registers, int localBytes, int sharedBytes, int mostThreads) {}

  public Resources resources() {
    return new Resources(
        attribute(REGISTERS),
        attribute(LOCAL_BYTES),
        attribute(SHARED_BYTES),
        attribute(MOST_THREADS));
  }

  private int attribute(int which) {
    DriverCalls calls = module.calls();
    module.handle();
    try (Out out = new Out(8)) {
      calls.check(
          (int) calls.funcGetAttribute.invokeExact(out.address(), which, handle),
          "cuFuncGetAttribute",
          () -> "attribute " + which + " of " + name);
      return out.getInt(0);
    } catch (Throwable t) {
      throw calls.unexpected(t);
    }
  }

  /** Allows launches with so many bytes of dynamic shared memory; needed above 48 KiB. */
  public void allowShared(int bytes) {
    DriverCalls calls = module.calls();
    module.handle();
    try {
      calls.check(
          (int) calls.funcSetAttribute.invokeExact(handle, DYNAMIC_SHARED_BYTES, bytes),
          "cuFuncSetAttribute",
          () -> bytes + " bytes of shared memory for " + name);
    } catch (Throwable t) {
      throw calls.unexpected(t);
    }
  }

  /** How many blocks of {@code threads} a multiprocessor holds at once. */
  public int residentBlocks(int threads, long sharedBytes) {
    DriverCalls calls = module.calls();
    module.handle();
    try (Out out = new Out(8)) {
      calls.check(
          (int) calls.occupancy.invokeExact(out.address(), handle, threads, sharedBytes),
          "cuOccupancyMaxActiveBlocksPerMultiprocessor",
          () -> name + " with " + threads + " threads");
      return out.getInt(0);
    } catch (Throwable t) {
      throw calls.unexpected(t);
    }
  }

  /**
   * Grid, blocks and dynamic shared memory of a launch.
   *
   * @param gridX blocks
   * @param blockX threads
   */
  public record Launch(
      int gridX, int gridY, int gridZ, int blockX, int blockY, int blockZ, int sharedBytes) {
    /** Blocks and threads of one dimension. */
    public static Launch of(int blocks, int threads) {
      return new Launch(blocks, 1, 1, threads, 1, 1, 0);
    }

    @Override
    public String toString() {
      return String.format(
          "grid %d×%d×%d, block %d×%d×%d, %d bytes of shared memory",
          gridX, gridY, gridZ, blockX, blockY, blockZ, sharedBytes);
    }
  }

  /**
   * Puts a launch in line.
   *
   * @param pointers the address of an array with the address of each argument; both are read before
   *     this returns
   * @param about the shapes that are worked on, for messages
   * @throws CudaException with the grid and the shapes; one of an earlier launch may come out here
   */
  public void launch(Launch shape, CudaStream stream, long pointers, Supplier<String> about) {
    DriverCalls calls = module.calls();
    module.handle();
    long line = stream.handle();
    try {
      calls.check(
          (int)
              calls.launchKernel.invokeExact(
                  handle,
                  shape.gridX,
                  shape.gridY,
                  shape.gridZ,
                  shape.blockX,
                  shape.blockY,
                  shape.blockZ,
                  shape.sharedBytes,
                  line,
                  pointers,
                  0L),
          "cuLaunchKernel",
          () -> name + ", " + shape + "; " + about.get());
    } catch (Throwable t) {
      throw calls.unexpected(t);
    }
  }

  @Override
  public String toString() {
    return name;
  }
}

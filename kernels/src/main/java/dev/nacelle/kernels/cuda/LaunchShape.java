package dev.nacelle.kernels.cuda;

/**
 * Grid and blocks of a launch.
 *
 * @param gridX blocks, up to 2³¹ − 1
 * @param gridY blocks, up to {@link #MOST_Y}
 * @param gridZ blocks, up to {@link #MOST_Y}
 * @param threads of a block, one dimension, whole warps
 * @param sharedBytes of dynamic shared memory
 */
public record LaunchShape(long gridX, long gridY, long gridZ, int threads, int sharedBytes) {
  /** The most blocks in the second and third dimension of a grid. */
  public static final long MOST_Y = 65535;

  private static final long MOST_X = Integer.MAX_VALUE;

  /**
   * @throws IllegalArgumentException for a shape that no device has
   */
  public LaunchShape {
    if (gridX < 1 || gridX > MOST_X || gridY < 1 || gridY > MOST_Y || gridZ < 1 || gridZ > MOST_Y) {
      throw new IllegalArgumentException(
          "no device has a grid of " + gridX + ", " + gridY + ", " + gridZ + " blocks");
    }
    if (threads < 32 || threads > 1024 || threads % 32 != 0 || sharedBytes < 0) {
      throw new IllegalArgumentException(
          "no plan may ask for " + threads + " threads and " + sharedBytes + " bytes a block");
    }
  }

  /** Blocks of {@code threads} threads in one dimension, so many that {@code all} have one. */
  public static LaunchShape of(long all, int threads) {
    return new LaunchShape((all + threads - 1) / threads, 1, 1, threads, 0);
  }

  /** So many blocks in one dimension. */
  public static LaunchShape blocks(long blocks, int threads) {
    return new LaunchShape(blocks, 1, 1, threads, 0);
  }

  /** The same with dynamic shared memory. */
  public LaunchShape shared(long bytes) {
    return new LaunchShape(gridX, gridY, gridZ, threads, Math.toIntExact(bytes));
  }

  /** The same with rows of blocks, as many as a grid has at most: kernels stride over the rest. */
  public LaunchShape rows(long rows) {
    return new LaunchShape(gridX, Math.min(rows, MOST_Y), gridZ, threads, sharedBytes);
  }
}

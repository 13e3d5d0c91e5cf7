package dev.nacelle.nativeaccess.cuda;

/**
 * What the driver says of one GPU.
 *
 * @param ordinal its number here
 * @param uuid which device it is, whatever its number
 * @param totalBytes memory
 * @param major of the compute capability
 * @param minor of the compute capability
 * @param threadsPerMultiprocessor resident at most
 * @param sharedBytesPerBlock of shared memory at most, where a kernel asks for it
 * @param cacheBytes of the last level
 * @param integrated whether its memory is the host's
 * @param memoryPools whether memory can be allocated in a stream's order
 */
public record CudaDeviceInfo(
    int ordinal,
    String name,
    String uuid,
    long totalBytes,
    int major,
    int minor,
    int multiprocessors,
    int threadsPerMultiprocessor,
    int sharedBytesPerBlock,
    int cacheBytes,
    boolean integrated,
    boolean memoryPools) {
  /** The architecture as compilers number it: 87 for 8.7. */
  public int architecture() {
    return 10 * major + minor;
  }
}

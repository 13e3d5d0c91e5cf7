package dev.nacelle.kernels.operator;

import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.common.Elements;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/** Tensors for one measurement, filled from a fixed seed and closed together. */
public final class BenchTensors implements AutoCloseable {
  private static final int PERIOD = 8191;

  private final Map<String, Long> sizes;
  private final List<NativeBuffer> buffers = new ArrayList<>();
  private final SplittableRandom random = new SplittableRandom(20);

  public BenchTensors(Map<String, Long> sizes) {
    this.sizes = sizes;
  }

  /** The size behind a letter of the bench. */
  public long size(String letter) {
    Long size = sizes.get(letter);
    if (size == null) {
      throw new IllegalStateException("the bench has no size " + letter);
    }
    return size;
  }

  /** A tensor of zeros. */
  public Operand zeros(DType dtype, long... shape) {
    NativeBuffer buffer = buffer(bytes(dtype, shape));
    buffer.zero();
    return Operand.of(buffer, dtype, shape);
  }

  /** Numbers between −1 and 1, a prime number of them repeated. */
  public Operand random(DType dtype, long... shape) {
    Operand x = zeros(dtype, shape);
    long n = Math.min(x.elements(), PERIOD);
    for (long i = 0; i < n; i++) {
      Elements.set(x, i, random.nextDouble(-1, 1));
    }
    long done = n * dtype.bytes();
    while (n > 0 && done < x.byteSize()) {
      long part = Math.min(done, x.byteSize() - done);
      x.buffer().copyFrom(done, x.buffer(), 0, part);
      done += part;
    }
    return x;
  }

  /** Whole numbers from 0 on, below {@code bound}. */
  public Operand integers(long bound, long... shape) {
    Operand x = zeros(DType.I32, shape);
    for (long i = 0; i < x.elements(); i++) {
      x.buffer().setInt(i, (int) random.nextLong(bound));
    }
    return x;
  }

  /** Bytes of which any two make a small fp16 number: scales and codes of blocks. */
  public Operand blocks(long rows, long rowBytes) {
    Operand x = zeros(DType.U8, rows, rowBytes);
    for (long i = 0; i < x.elements(); i++) {
      x.buffer().setByte(i, (byte) random.nextInt(0x10, 0x2c));
    }
    return x;
  }

  /** Scratch memory. */
  public NativeBuffer buffer(long bytes) {
    NativeBuffer buffer = NativeBuffer.allocate(bytes);
    buffers.add(buffer);
    return buffer;
  }

  private static long bytes(DType dtype, long... shape) {
    long n = dtype.bytes();
    for (long size : shape) {
      n = Math.multiplyExact(n, size);
    }
    return n;
  }

  @Override
  public void close() {
    buffers.forEach(NativeBuffer::close);
    buffers.clear();
  }
}

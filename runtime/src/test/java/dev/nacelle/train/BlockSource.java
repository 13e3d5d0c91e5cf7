package dev.nacelle.train;

import dev.nacelle.file.StoredAs;
import dev.nacelle.file.TensorEntry;
import dev.nacelle.file.TensorSource;
import dev.nacelle.kernels.BlockFormat;
import dev.nacelle.model.ModelConfig;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeBuffer;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;

/** Random weights of a Llama whose matrices are blocks of Q8_0, as a GGUF file has them. */
final class BlockSource implements TensorSource {
  private static final BlockFormat FORMAT = BlockFormat.Q8_0;

  /** 2⁻¹⁰ in fp16: elements are within ±1/8. */
  private static final int SCALE = 0x1400;

  private final MemorySource plain;
  private final NativeBuffer blocks;

  BlockSource(ModelConfig config, long seed) {
    plain = new MemorySource(config, DType.FP32, seed);
    long most =
        plain.entries().values().stream()
            .filter(e -> e.shape().length == 2)
            .mapToLong(e -> e.shape()[0] * FORMAT.rowBytes(e.shape()[1]))
            .max()
            .orElse(0);
    blocks = NativeBuffer.allocate(most);
    SplittableRandom random = new SplittableRandom(seed);
    byte[] block = new byte[FORMAT.blockBytes()];
    for (long at = 0; at < most; at += block.length) {
      random.nextBytes(block);
      block[0] = (byte) SCALE;
      block[1] = (byte) (SCALE >>> 8);
      blocks.write(at, block, 0, block.length);
    }
  }

  @Override
  public StoredAs stored(TensorEntry entry) {
    return entry.shape().length == 2 ? new StoredAs(null, FORMAT, 0) : plain.stored(entry);
  }

  @Override
  public NativeBuffer data(String name) {
    long[] shape = Objects.requireNonNull(entries().get(name)).shape();
    return shape.length == 2
        ? blocks.slice(0, shape[0] * FORMAT.rowBytes(shape[1]))
        : plain.data(name);
  }

  @Override
  public Path path() {
    return plain.path();
  }

  @Override
  public Map<String, TensorEntry> entries() {
    return plain.entries();
  }

  @Override
  public void readFloat32(String name, NativeBuffer target) {
    plain.readFloat32(name, target);
  }

  @Override
  public void readRows(String name, long first, long rows, NativeBuffer target) {
    plain.readRows(name, first, rows, target);
  }

  @Override
  public void close() {
    blocks.close();
    plain.close();
  }
}

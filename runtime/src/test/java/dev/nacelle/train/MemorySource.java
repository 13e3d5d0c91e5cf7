package dev.nacelle.train;

import dev.nacelle.file.TensorEntry;
import dev.nacelle.file.TensorSource;
import dev.nacelle.model.ModelConfig;
import dev.nacelle.model.ModelTensors;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeBuffer;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;

/**
 * Random weights of a Llama that no file holds. All tensors read the same numbers, so that a wide
 * model costs the memory of its largest matrix.
 */
final class MemorySource implements TensorSource {
  private final Map<String, TensorEntry> entries = new LinkedHashMap<>();
  private final NativeBuffer data;

  /**
   * @param dtype fp32 or bf16, of every tensor
   */
  MemorySource(ModelConfig config, DType dtype, long seed) {
    long largest = 0;
    for (ModelTensors.Expected tensor : ModelTensors.expected(config)) {
      long bytes = tensor.elements() * dtype.bytes();
      largest = Math.max(largest, bytes);
      entries.put(
          tensor.name(),
          new TensorEntry(tensor.name(), dtype.label(), dtype, tensor.shape(), 0, bytes));
    }
    data = NativeBuffer.allocate(largest);
    SplittableRandom random = new SplittableRandom(seed);
    // A short table over and over: filling wide matrices number by number would take seconds.
    float[] table = new float[8191];
    byte[] narrow = new byte[2 * table.length];
    for (int i = 0; i < table.length; i++) {
      table[i] = (float) random.nextDouble(-0.2, 0.2);
      int bits = Float.floatToRawIntBits(table[i]);
      narrow[2 * i] = (byte) (bits >>> 16);
      narrow[2 * i + 1] = (byte) (bits >>> 24);
    }
    long elements = largest / dtype.bytes();
    for (long at = 0; at < elements; at += table.length) {
      int n = (int) Math.min(table.length, elements - at);
      if (dtype == DType.FP32) {
        data.write(at, table, 0, n);
      } else {
        data.write(2 * at, narrow, 0, 2 * n);
      }
    }
  }

  @Override
  public Path path() {
    return Path.of("memory");
  }

  @Override
  public Map<String, TensorEntry> entries() {
    return entries;
  }

  @Override
  public NativeBuffer data(String name) {
    return data.slice(0, Objects.requireNonNull(entries.get(name)).bytes());
  }

  @Override
  public void readFloat32(String name, NativeBuffer target) {
    TensorEntry entry = Objects.requireNonNull(entries.get(name));
    for (long i = 0; i < entry.elements(); i++) {
      float x =
          entry.dtype() == DType.FP32
              ? data.getFloat(i)
              : Float.intBitsToFloat(data.getShort(i) << 16);
      target.setFloat(i, x);
    }
  }

  @Override
  public void readRows(String name, long first, long rows, NativeBuffer target) {
    throw new UnsupportedOperationException("no test asks for it");
  }

  @Override
  public void close() {
    data.close();
  }
}

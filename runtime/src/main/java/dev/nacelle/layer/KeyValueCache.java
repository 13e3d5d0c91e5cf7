package dev.nacelle.layer;

import dev.nacelle.kernels.Operand;
import dev.nacelle.memory.Allocator;
import dev.nacelle.memory.LedgerClass;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** Keys and values of the tokens so far, one (capacity, K·D) pair a layer. */
public final class KeyValueCache implements AutoCloseable {
  private final List<Tensor> keys = new ArrayList<>();
  private final List<Tensor> values = new ArrayList<>();
  private final int capacity;
  private int length;

  public KeyValueCache(Allocator allocator, int layers, int capacity, long width, DType dtype) {
    this.capacity = capacity;
    try {
      for (int layer = 0; layer < layers; layer++) {
        keys.add(allocator.allocate(LedgerClass.ACTIVATIONS, dtype, capacity, width));
        values.add(allocator.allocate(LedgerClass.ACTIVATIONS, dtype, capacity, width));
      }
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  /** Tokens held. */
  public int length() {
    return length;
  }

  public int capacity() {
    return capacity;
  }

  /** Rows 0 to {@code to} of a layer's keys. */
  Operand keys(int layer, long to) {
    return keys.get(layer).operand().rows(0, to);
  }

  /** Rows 0 to {@code to} of a layer's values. */
  Operand values(int layer, long to) {
    return values.get(layer).operand().rows(0, to);
  }

  /** Where the next {@code rows} keys of a layer go. */
  Operand newKeys(int layer, long rows) {
    return keys.get(layer).operand().rows(length, length + rows);
  }

  /** Where the next {@code rows} values of a layer go. */
  Operand newValues(int layer, long rows) {
    return values.get(layer).operand().rows(length, length + rows);
  }

  /** Counts rows that every layer has written. */
  public void advance(int rows) {
    length += rows;
  }

  /** Forgets all but the first tokens. */
  public void truncate(int tokens) {
    if (tokens > length) {
      throw new IllegalArgumentException(tokens + " tokens of " + length);
    }
    length = tokens;
  }

  /** Takes over the tokens of a smaller cache of the same model. */
  public void copyFrom(KeyValueCache other) {
    for (int layer = 0; layer < keys.size(); layer++) {
      copy(keys.get(layer), other.keys.get(layer));
      copy(values.get(layer), other.values.get(layer));
    }
    length = other.length;
  }

  private static void copy(Tensor target, Tensor source) {
    target.storage().buffer().copyFrom(0, source.storage().buffer(), 0, source.byteSize());
  }

  @Override
  public void close() {
    keys.forEach(Tensor::release);
    values.forEach(Tensor::release);
  }
}

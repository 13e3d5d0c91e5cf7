package dev.nacelle.kernels.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The arguments of a launch in order, with a letter for each as {@link
 * dev.nacelle.kernels.common.NativeFunctions} has them: P address, L int64, I int, F float, D
 * double.
 */
public final class KernelArguments {
  private static final int MOST = 48;

  private final StringBuilder signature = new StringBuilder(MOST);
  private final long[] bits = new long[MOST];

  private KernelArguments add(char letter, long value) {
    bits[signature.length()] = value;
    signature.append(letter);
    return this;
  }

  /** Addresses; zero for a tensor that is not there. */
  public KernelArguments addresses(long... addresses) {
    for (long address : addresses) {
      add('P', address);
    }
    return this;
  }

  /** Sizes and strides. */
  public KernelArguments sizes(long... sizes) {
    for (long size : sizes) {
      add('L', size);
    }
    return this;
  }

  /** Flags and codes. */
  public KernelArguments flags(int... flags) {
    for (int flag : flags) {
      add('I', flag & 0xffffffffL);
    }
    return this;
  }

  /** Factors. */
  public KernelArguments reals(float... reals) {
    for (float real : reals) {
      add('F', Float.floatToRawIntBits(real) & 0xffffffffL);
    }
    return this;
  }

  /** Factors in double. */
  public KernelArguments doubles(double... reals) {
    for (double real : reals) {
      add('D', Double.doubleToRawLongBits(real));
    }
    return this;
  }

  /** The letters. */
  public String signature() {
    return signature.toString();
  }

  /** An array of pointers to the arguments, as launches take them; all in {@code arena}. */
  public MemorySegment pointers(Arena arena) {
    int count = signature.length();
    MemorySegment pointers = arena.allocate(ValueLayout.ADDRESS, Math.max(1, count));
    MemorySegment values = arena.allocate(ValueLayout.JAVA_LONG, Math.max(1, count));
    for (int i = 0; i < count; i++) {
      values.setAtIndex(ValueLayout.JAVA_LONG, i, bits[i]);
      pointers.setAtIndex(ValueLayout.ADDRESS, i, values.asSlice(i * 8L, 8));
    }
    return pointers;
  }

  /** For error messages: {@code P 0x7f12…, L 512, F 0.5}. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < signature.length(); i++) {
      text.append(i == 0 ? "" : ", ").append(signature.charAt(i)).append(' ');
      switch (signature.charAt(i)) {
        case 'P' -> text.append("0x").append(Long.toHexString(bits[i]));
        case 'F' -> text.append(Float.intBitsToFloat((int) bits[i]));
        case 'D' -> text.append(Double.longBitsToDouble(bits[i]));
        default -> text.append(bits[i]);
      }
    }
    return text.toString();
  }
}

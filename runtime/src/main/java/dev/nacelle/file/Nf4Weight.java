package dev.nacelle.file;

import dev.nacelle.NacelleException;
import dev.nacelle.kernels.BlockFormat;
import dev.nacelle.kernels.quant.BlockDecoder;
import dev.nacelle.nativeaccess.NativeBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A matrix as bitsandbytes writes it in nf4: two elements a byte, the first in the high nibble,
 * each a level times the absmax of its 64; the absmaxes in fp32, or quantised again as codes of 8
 * bits into a map, times an absmax of 256 of them, plus an offset. What bitsandbytes rounds behind
 * that, to the type that the model was in, is not rounded here.
 *
 * @param entry what stands for it: the matrix's name and shape, NF4
 * @param codes (M·K/2)
 * @param absmax (M·K/64) fp32, or U8 where they are quantised again
 * @param nested how; null where they are not
 */
record Nf4Weight(
    TensorEntry entry, NativeBuffer codes, NativeBuffer absmax, @Nullable Nested nested) {
  /** What the name of a matrix has behind it for the JSON text that describes it. */
  static final String STATE = ".quant_state.bitsandbytes__nf4";

  private static final String ABSMAX = ".absmax";
  private static final String MAP = ".quant_map";
  private static final String NESTED_ABSMAX = ".nested_absmax";
  private static final String NESTED_MAP = ".nested_quant_map";
  private static final int NESTED_ELEMENTS = 256;
  private static final int LARGEST_STATE = 1 << 16;

  private static final float[] LEVELS = BlockDecoder.nf4Levels();

  /**
   * Absmaxes that are quantised again.
   *
   * @param map (256) fp32
   * @param absmax fp32, one for 256 codes
   */
  record Nested(NativeBuffer map, NativeBuffer absmax, float offset) {}

  /**
   * Finds the matrices among a folder's tensors, and takes all that belongs to them out.
   *
   * @param entries loses them, and gets one for each matrix under its own name
   * @throws NacelleException of kind INPUT, naming the tensor that is missing or does not fit
   */
  static Map<String, Nf4Weight> takeOut(
      Path folder, Map<String, TensorEntry> entries, Function<String, NativeBuffer> data) {
    Map<String, Nf4Weight> found = new LinkedHashMap<>();
    List<String> states = entries.keySet().stream().filter(n -> n.endsWith(STATE)).toList();
    for (String state : states) {
      String name = state.substring(0, state.length() - STATE.length());
      Nf4Weight weight = new Parts(folder, entries, data, name).read(state);
      found.put(name, weight);
      for (String suffix : List.of(STATE, ABSMAX, MAP, NESTED_ABSMAX, NESTED_MAP)) {
        entries.remove(name + suffix);
      }
      entries.put(name, weight.entry);
    }
    return found;
  }

  /** The tensors of one matrix. */
  private record Parts(
      Path folder,
      Map<String, TensorEntry> entries,
      Function<String, NativeBuffer> data,
      String name) {
    Nf4Weight read(String state) {
      TensorEntry text = entry(state);
      if (text.bytes() > LARGEST_STATE) {
        throw error(state, "holds " + text.bytes() + " bytes, too many for what it is");
      }
      JsonObject json = JsonFile.parse(folder, state, data.apply(state));
      require("nf4".equals(json.string("quant_type")), state, "is of another quant_type than nf4");
      int shared = BlockFormat.ABSMAX_ELEMENTS;
      require(
          json.integer("blocksize", 1, Integer.MAX_VALUE) == shared,
          state,
          "has a blocksize that is not " + shared);
      List<Long> shape = json.integers("shape", 1, Integer.MAX_VALUE);
      require(
          shape.size() == 2 && shape.get(1) % 2 == 0,
          state,
          "has the shape " + shape + ", and matrices with rows of whole bytes are read");
      long elements = Math.multiplyExact(shape.get(0), shape.get(1));
      TensorEntry codes = sized(name, "U8", elements / 2, 1);
      checkMap();
      long absmaxes = (elements + shared - 1) / shared;
      boolean isNested = json.has("nested_blocksize");
      sized(name + ABSMAX, isNested ? "U8" : "F32", absmaxes, isNested ? 1 : Float.BYTES);
      return new Nf4Weight(
          new TensorEntry(
              name,
              BlockFormat.NF4.name(),
              null,
              new long[] {shape.get(0), shape.get(1)},
              codes.offset(),
              codes.bytes()),
          data.apply(name),
          data.apply(name + ABSMAX),
          isNested ? nested(json, state, absmaxes) : null);
    }

    private Nested nested(JsonObject json, String state, long absmaxes) {
      require(
          json.integer("nested_blocksize", 1, Integer.MAX_VALUE) == NESTED_ELEMENTS,
          state,
          "has a nested_blocksize that is not " + NESTED_ELEMENTS);
      long nested = (absmaxes + NESTED_ELEMENTS - 1) / NESTED_ELEMENTS;
      sized(name + NESTED_ABSMAX, "F32", nested, Float.BYTES);
      sized(name + NESTED_MAP, "F32", NESTED_ELEMENTS, Float.BYTES);
      return new Nested(
          data.apply(name + NESTED_MAP),
          data.apply(name + NESTED_ABSMAX),
          (float) json.number("nested_offset"));
    }

    private void checkMap() {
      sized(name + MAP, "F32", LEVELS.length, Float.BYTES);
      NativeBuffer map = data.apply(name + MAP);
      float[] levels = new float[LEVELS.length];
      for (int i = 0; i < levels.length; i++) {
        levels[i] = floatAt(map, i);
      }
      require(Arrays.equals(levels, LEVELS), name + MAP, "holds other levels than nf4's");
    }

    private TensorEntry sized(String tensor, String dtype, long elements, int bytes) {
      TensorEntry entry = entry(tensor);
      require(
          entry.fileDtype().equals(dtype) && entry.bytes() == elements * bytes,
          tensor,
          "is " + entry.describe() + ", and " + dtype + " of " + elements + " elements is needed");
      return entry;
    }

    private TensorEntry entry(String tensor) {
      TensorEntry entry = entries.get(tensor);
      if (entry == null) {
        throw error(tensor, "is missing");
      }
      return entry;
    }

    private void require(boolean holds, String tensor, String what) {
      if (!holds) {
        throw error(tensor, what);
      }
    }

    private NacelleException error(String tensor, String what) {
      return NacelleException.input(
          Quoted.path(folder)
              + ": tensor "
              + Quoted.name(tensor)
              + ", which belongs to a matrix in bitsandbytes' nf4, "
              + what,
          "quantise the model again with bitsandbytes, or use the unquantised one");
    }
  }

  /** Floats of a file lie where they lie, at no multiple of four. */
  private static float floatAt(NativeBuffer floats, long index) {
    int bits = 0;
    for (int b = Float.BYTES - 1; b >= 0; b--) {
      bits = bits << Byte.SIZE | (floats.getByte(index * Float.BYTES + b) & 0xff);
    }
    return Float.intBitsToFloat(bits);
  }

  /** The absmax of the elements from 64·index on, as bitsandbytes computes it. */
  float absmax(long index) {
    Nested again = nested;
    if (again == null) {
      return floatAt(absmax, index);
    }
    float level = floatAt(again.map, absmax.getByte(index) & 0xff);
    return level * floatAt(again.absmax, index / NESTED_ELEMENTS) + again.offset;
  }

  /** All of them, M·K/64. */
  float[] absmaxes() {
    long elements = entry.elements();
    int shared = BlockFormat.ABSMAX_ELEMENTS;
    float[] all = new float[Math.toIntExact((elements + shared - 1) / shared)];
    for (int i = 0; i < all.length; i++) {
      all[i] = absmax(i);
    }
    return all;
  }

  /** Writes some rows as fp32. */
  void readRows(long first, long rows, NativeBuffer target) {
    long columns = entry.columns();
    long from = first * columns;
    long count = rows * columns;
    float scale = 0;
    for (long i = 0; i < count; i++) {
      long at = from + i;
      if (i == 0 || at % BlockFormat.ABSMAX_ELEMENTS == 0) {
        scale = absmax(at / BlockFormat.ABSMAX_ELEMENTS);
      }
      int pair = codes.getByte(at / 2) & 0xff;
      target.setFloat(i, LEVELS[at % 2 == 0 ? pair >> 4 : pair & 0xf] * scale);
    }
  }
}

package dev.nacelle.file;

import dev.nacelle.NacelleException;
import dev.nacelle.nativeaccess.NativeBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The key-value part of a GGUF file, asked key by key; an answer of another type than asked for is
 * an error that names file and key.
 */
public final class GgufMetadata {
  private static final int LONGEST_KEY = 65_535;
  private static final int LONGEST_TEXT = 64 << 20;
  private static final int DEEPEST = 4;
  private static final int STRING = 8;
  private static final int ARRAY = 9;

  private final Path file;
  private final NativeBuffer mapped;
  private final Map<String, GgufValue> values = new LinkedHashMap<>();
  private final Map<String, Range> ranges = new HashMap<>();

  /** Where a key and its value stand in the file. */
  private record Range(long from, long to) {}

  GgufMetadata(Path file, NativeBuffer mapped, GgufCursor cursor, long count) {
    this.file = file;
    this.mapped = mapped;
    for (long i = 0; i < count; i++) {
      long from = cursor.position();
      String key = cursor.text("metadata key " + i, LONGEST_KEY);
      String what = "the value of " + Quoted.name(key);
      if (values.put(key, value(cursor, cursor.i32(what), what)) != null) {
        throw cursor.error("metadata key " + Quoted.name(key) + " stands twice");
      }
      ranges.put(key, new Range(from, cursor.position()));
    }
  }

  /** A key with its type and value, byte for byte as the file has them. */
  byte[] raw(String key) {
    Range range = ranges.get(key);
    if (range == null) {
      throw error(key, "is missing");
    }
    byte[] bytes = new byte[Math.toIntExact(range.to - range.from)];
    mapped.read(range.from, bytes, 0, bytes.length);
    return bytes;
  }

  private static GgufValue value(GgufCursor cursor, int type, String what) {
    return switch (type) {
      case 0 -> new GgufValue.Whole(cursor.u8(what));
      case 1 -> new GgufValue.Whole((byte) cursor.u8(what));
      case 2 -> new GgufValue.Whole(cursor.u16(what));
      case 3 -> new GgufValue.Whole((short) cursor.u16(what));
      case 4 -> new GgufValue.Whole(cursor.i32(what) & 0xffff_ffffL);
      case 5 -> new GgufValue.Whole(cursor.i32(what));
      case 6 -> new GgufValue.Real(Float.intBitsToFloat(cursor.i32(what)));
      case 7 -> flag(cursor, what);
      case STRING -> new GgufValue.Text(cursor.text(what, LONGEST_TEXT));
      case ARRAY -> listing(cursor, what, 0);
      case 10 -> {
        long value = cursor.i64(what);
        if (value < 0) {
          throw cursor.error(what + " is " + Long.toUnsignedString(value) + ", beyond 63 bits");
        }
        yield new GgufValue.Whole(value);
      }
      case 11 -> new GgufValue.Whole(cursor.i64(what));
      case 12 -> new GgufValue.Real(Double.longBitsToDouble(cursor.i64(what)));
      default -> throw cursor.error(what + " has the unknown type " + type);
    };
  }

  private static GgufValue flag(GgufCursor cursor, String what) {
    int value = cursor.u8(what);
    if (value > 1) {
      throw cursor.error(what + " is " + value + ", neither true nor false");
    }
    return new GgufValue.Flag(value == 1);
  }

  private static int bytesOf(int type) {
    return switch (type) {
      case 0, 1, 7 -> 1;
      case 2, 3 -> 2;
      case 4, 5, 6 -> 4;
      case STRING, 10, 11, 12 -> 8;
      case ARRAY -> 12;
      default -> 0;
    };
  }

  private static GgufValue.Listing listing(GgufCursor cursor, String what, int depth) {
    int type = cursor.i32(what);
    if (bytesOf(type) == 0) {
      throw cursor.error(what + " is a list of the unknown type " + type);
    }
    if (depth == DEEPEST) {
      throw cursor.error(what + " nests deeper than " + DEEPEST);
    }
    long count = cursor.count("the length of " + what, bytesOf(type));
    long offset = cursor.position();
    if (type == STRING) {
      for (long i = 0; i < count; i++) {
        long ignored = cursor.skip(cursor.i64(what), what);
      }
    } else if (type == ARRAY) {
      for (long i = 0; i < count; i++) {
        GgufValue ignored = listing(cursor, what, depth + 1);
      }
    } else {
      long ignored = cursor.skip(count * bytesOf(type), what);
    }
    return new GgufValue.Listing(type, count, offset);
  }

  /** All values by key, in the order of the file. */
  public Map<String, GgufValue> values() {
    return Collections.unmodifiableMap(values);
  }

  public boolean has(String key) {
    return values.containsKey(key);
  }

  /** A whole number that must be there. */
  public long integer(String key, long least, long most) {
    if (!(require(key) instanceof GgufValue.Whole whole)) {
      throw error(key, "is no whole number");
    }
    long value = whole.value();
    if (value < least || value > most) {
      throw error(key, "is " + value + ", outside " + least + " to " + most);
    }
    return value;
  }

  /** A whole number, or the default. */
  public long integer(String key, long fallback, long least, long most) {
    return has(key) ? integer(key, least, most) : fallback;
  }

  /** A finite number above zero, or the default. */
  public double positive(String key, double fallback) {
    if (!has(key)) {
      return fallback;
    }
    double value =
        switch (require(key)) {
          case GgufValue.Real real -> real.value();
          case GgufValue.Whole whole -> whole.value();
          default -> throw error(key, "is no number");
        };
    if (!(value > 0) || !Double.isFinite(value)) {
      throw error(key, "is " + value + ", and must be above 0");
    }
    return value;
  }

  /** True or false, or the default. */
  public boolean flag(String key, boolean fallback) {
    if (!has(key)) {
      return fallback;
    }
    if (!(require(key) instanceof GgufValue.Flag flag)) {
      throw error(key, "is neither true nor false");
    }
    return flag.value();
  }

  /** A string; null where there is none. */
  public @Nullable String text(String key) {
    if (!has(key)) {
      return null;
    }
    if (!(require(key) instanceof GgufValue.Text text)) {
      throw error(key, "is no string");
    }
    return text.value();
  }

  /** A list of strings; empty where there is none. */
  public List<String> strings(String key) {
    if (!has(key)) {
      return List.of();
    }
    if (!(require(key) instanceof GgufValue.Listing listing) || listing.elementType() != STRING) {
      throw error(key, "is no list of strings");
    }
    GgufCursor cursor = new GgufCursor(file, mapped, listing.offset());
    List<String> out = new ArrayList<>();
    String ofKey = " of " + Quoted.name(key); // vocabularies have a quarter of a million entries
    for (long i = 0; i < listing.count(); i++) {
      out.add(cursor.text("entry " + i + ofKey, LONGEST_KEY));
    }
    return out;
  }

  /** The first elements of a list, at most so many; those that are lists themselves stay closed. */
  public List<GgufValue> first(String key, int most) {
    if (!(require(key) instanceof GgufValue.Listing listing)) {
      throw error(key, "is no list");
    }
    GgufCursor cursor = new GgufCursor(file, mapped, listing.offset());
    List<GgufValue> out = new ArrayList<>();
    for (long i = 0; i < Math.min(most, listing.count()); i++) {
      out.add(value(cursor, listing.elementType(), "element " + i + " of " + Quoted.name(key)));
    }
    return out;
  }

  /** A list of numbers, widened; empty where there is none. */
  public double[] numbers(String key) {
    if (!has(key)) {
      return new double[0];
    }
    if (!(require(key) instanceof GgufValue.Listing listing)
        || (listing.elementType() >= 7 && listing.elementType() <= ARRAY)
        || listing.count() > Integer.MAX_VALUE / 16) {
      throw error(key, "is no list of numbers");
    }
    int type = listing.elementType();
    GgufCursor cursor = new GgufCursor(file, mapped, listing.offset());
    double[] out = new double[(int) listing.count()];
    for (int i = 0; i < out.length; i++) {
      out[i] =
          switch (value(cursor, type, key)) {
            case GgufValue.Real real -> real.value();
            case GgufValue.Whole whole -> whole.value();
            default -> throw error(key, "is no list of numbers");
          };
    }
    return out;
  }

  private GgufValue require(String key) {
    GgufValue value = values.get(key);
    if (value == null) {
      throw error(key, "is missing");
    }
    return value;
  }

  /** An error about a key. */
  public NacelleException error(String key, String what) {
    return NacelleException.input(
        Quoted.path(file) + ": metadata key " + Quoted.name(key) + " " + what,
        "use another file, or convert the model anew");
  }
}

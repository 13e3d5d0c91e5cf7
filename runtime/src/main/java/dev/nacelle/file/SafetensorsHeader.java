package dev.nacelle.file;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import dev.nacelle.NacelleException;
import dev.nacelle.nativeaccess.NativeBuffer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads and checks a safetensors header. The rules are the reference library's, with duplicate
 * names refused as the format's text has it (the reference takes the last one silently).
 */
final class SafetensorsHeader {
  /** The reference's limit: no real header comes near it. */
  static final long LONGEST_HEADER = 100_000_000;

  /** More dimensions than any tensor has, few enough that a shape costs nothing. */
  static final int MOST_DIMENSIONS = 64;

  private static final String HINT =
      "the file is damaged or its writer is at fault; fetch or write it again";

  private final Path file;
  private final Map<String, String> metadata = new LinkedHashMap<>();
  private final Map<String, TensorEntry> entries = new LinkedHashMap<>();
  private boolean metadataSeen;
  private final long dataStart;
  private final long dataBytes;

  private SafetensorsHeader(Path file, long dataStart, long dataBytes) {
    this.file = file;
    this.dataStart = dataStart;
    this.dataBytes = dataBytes;
  }

  Map<String, String> metadata() {
    return Collections.unmodifiableMap(metadata);
  }

  Map<String, TensorEntry> entries() {
    return Collections.unmodifiableMap(entries);
  }

  /** Parses the header of a mapped file of at least eight bytes. */
  static SafetensorsHeader parse(Path file, NativeBuffer mapped) {
    long length = mapped.getLong(0);
    long rest = mapped.byteSize() - 8;
    if (length < 0 || length > LONGEST_HEADER) {
      throw NacelleException.input(
          Quoted.path(file)
              + ": the header length at byte 0 is "
              + Long.toUnsignedString(length)
              + ", more than the format's limit of "
              + LONGEST_HEADER,
          "this is no safetensors file, or its first bytes are damaged");
    }
    if (length > rest) {
      throw NacelleException.input(
          Quoted.path(file)
              + ": the header of "
              + length
              + " bytes runs past the end of the file, "
              + rest
              + " bytes follow its length",
          "the file is cut short; fetch or write it again");
    }
    Utf8Check.require(file, mapped, 8, (int) length, "header");
    SafetensorsHeader header = new SafetensorsHeader(file, 8 + length, rest - length);
    header.read(mapped, (int) length);
    SafetensorsLayout.check(file, header.entries, header.dataStart, header.dataBytes);
    return header;
  }

  private void read(NativeBuffer mapped, int length) {
    try (JsonParser json =
        HostileJson.FACTORY.createParser(new MappedInputStream(mapped, 8, length))) {
      if (json.nextToken() != JsonToken.START_OBJECT) {
        throw error(json, null, "the header is not a JSON object");
      }
      while (json.nextToken() == JsonToken.FIELD_NAME) {
        String name = json.currentName();
        if (HostileJson.hasLoneSurrogate(name)) {
          throw error(json, name, "the name is no Unicode text");
        }
        json.nextToken();
        if (name.equals("__metadata__")) {
          readMetadata(json);
        } else {
          TensorEntry entry = readEntry(json, name);
          if (entries.put(name, entry) != null) {
            throw error(json, name, "the name stands twice in the header");
          }
        }
      }
      if (json.nextToken() != null) {
        throw error(json, null, "something follows the header's object");
      }
    } catch (JsonProcessingException e) {
      throw new NacelleException(
          NacelleException.Kind.INPUT,
          Quoted.path(file)
              + ": the header is not JSON at "
              + HostileJson.place(e.getLocation())
              + ": "
              + HostileJson.reason(e),
          HINT,
          e);
    } catch (IOException e) {
      throw MappedFile.unreadable(file, e);
    }
  }

  private void readMetadata(JsonParser json) throws IOException {
    if (metadataSeen) {
      throw error(json, "__metadata__", "the name stands twice in the header");
    }
    metadataSeen = true;
    if (json.currentToken() != JsonToken.START_OBJECT) {
      throw error(json, "__metadata__", "it must be an object of strings");
    }
    while (json.nextToken() == JsonToken.FIELD_NAME) {
      String key = json.currentName();
      if (json.nextToken() != JsonToken.VALUE_STRING) {
        throw error(json, "__metadata__", "the value of " + Quoted.name(key) + " is no string");
      }
      if (metadata.put(key, json.getText()) != null) {
        throw error(json, "__metadata__", "the key " + Quoted.name(key) + " stands twice");
      }
    }
  }

  private TensorEntry readEntry(JsonParser json, String name) throws IOException {
    if (json.currentToken() != JsonToken.START_OBJECT) {
      throw error(json, name, "its entry is no object with dtype, shape and data_offsets");
    }
    SafetensorsType type = null;
    String spelt = null;
    long[] shape = null;
    long[] offsets = null;
    while (json.nextToken() == JsonToken.FIELD_NAME) {
      String field = json.currentName();
      json.nextToken();
      switch (field) {
        case "dtype" -> {
          requireFirst(json, name, field, spelt);
          if (json.currentToken() != JsonToken.VALUE_STRING) {
            throw error(json, name, "dtype is no string");
          }
          spelt = json.getText();
          type = SafetensorsType.find(spelt);
          if (type == null) {
            throw error(json, name, "dtype " + Quoted.name(spelt) + " is unknown");
          }
        }
        case "shape" -> {
          requireFirst(json, name, field, shape);
          shape = readNumbers(json, name, field, MOST_DIMENSIONS);
        }
        case "data_offsets" -> {
          requireFirst(json, name, field, offsets);
          offsets = readNumbers(json, name, field, 2);
          if (offsets.length != 2) {
            throw error(json, name, "data_offsets has " + offsets.length + " numbers, not two");
          }
        }
        default -> json.skipChildren();
      }
    }
    if (type == null || spelt == null) {
      throw error(json, name, "dtype is missing");
    }
    if (shape == null) {
      throw error(json, name, "shape is missing");
    }
    if (offsets == null) {
      throw error(json, name, "data_offsets is missing");
    }
    long bytes = bytesOf(json, name, type, shape);
    if (offsets[1] < offsets[0]) {
      throw error(json, name, "data_offsets end before they begin: " + Arrays.toString(offsets));
    }
    if (offsets[1] > dataBytes) {
      throw error(
          json,
          name,
          "data_offsets "
              + Arrays.toString(offsets)
              + " reach past the end: the file has "
              + dataBytes
              + " bytes of data");
    }
    if (offsets[1] - offsets[0] != bytes) {
      throw error(
          json,
          name,
          spelt
              + Arrays.toString(shape)
              + " needs "
              + bytes
              + " bytes, data_offsets "
              + Arrays.toString(offsets)
              + " span "
              + (offsets[1] - offsets[0]));
    }
    return new TensorEntry(name, spelt, type.dtype(), shape, dataStart + offsets[0], bytes);
  }

  private void requireFirst(JsonParser json, String name, String field, @Nullable Object before) {
    if (before != null) {
      throw error(json, name, field + " stands twice");
    }
  }

  private long bytesOf(JsonParser json, String name, SafetensorsType type, long[] shape) {
    try {
      long elements = 1;
      for (long size : shape) {
        elements = Math.multiplyExact(elements, size);
      }
      long bits = Math.multiplyExact(elements, type.bits());
      if (bits % 8 != 0) {
        throw error(json, name, type + Arrays.toString(shape) + " does not end at a byte boundary");
      }
      return bits / 8;
    } catch (ArithmeticException e) {
      throw error(json, name, "the size of " + type + Arrays.toString(shape) + " overflows");
    }
  }

  private long[] readNumbers(JsonParser json, String name, String field, int most)
      throws IOException {
    if (json.currentToken() != JsonToken.START_ARRAY) {
      throw error(json, name, field + " is no array");
    }
    long[] numbers = new long[most];
    int count = 0;
    while (json.nextToken() != JsonToken.END_ARRAY) {
      if (json.currentToken() != JsonToken.VALUE_NUMBER_INT || json.getText().startsWith("-")) {
        throw error(json, name, field + " holds something else than whole numbers from 0 on");
      }
      if (json.getNumberType() != JsonParser.NumberType.INT
          && json.getNumberType() != JsonParser.NumberType.LONG) {
        throw error(json, name, "a number in " + field + " overflows");
      }
      if (count == most) {
        throw error(json, name, field + " has more than " + most + " numbers");
      }
      numbers[count++] = json.getLongValue();
    }
    return Arrays.copyOf(numbers, count);
  }

  private NacelleException error(JsonParser json, @Nullable String tensor, String rule) {
    String where = tensor == null ? "" : ", tensor " + Quoted.name(tensor);
    return NacelleException.input(
        Quoted.path(file)
            + ": header, "
            + HostileJson.place(json.currentTokenLocation())
            + where
            + ": "
            + rule,
        HINT);
  }
}

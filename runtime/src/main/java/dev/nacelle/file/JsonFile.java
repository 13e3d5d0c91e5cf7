package dev.nacelle.file;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.nacelle.NacelleException;
import dev.nacelle.nativeaccess.NativeBuffer;
import java.io.IOException;
import java.nio.file.Path;

/** Small JSON files of one object: configurations and indexes. */
public final class JsonFile {
  /** Far more than any configuration or index has. */
  private static final long LARGEST = 64L << 20;

  private static final JsonMapper MAPPER =
      JsonMapper.builder(HostileJson.newFactory())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY)
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .build();

  private JsonFile() {}

  /**
   * Reads a JSON object that is the content of a tensor.
   *
   * @throws NacelleException of kind INPUT, naming the tensor
   */
  static JsonObject parse(Path file, String tensor, NativeBuffer text) {
    try {
      JsonNode root =
          MAPPER.readTree(new MappedInputStream(text, 0, Math.toIntExact(text.byteSize())));
      if (root == null || !root.isObject()) {
        throw NacelleException.input(
            Quoted.path(file) + ": tensor " + Quoted.name(tensor) + " holds no JSON object",
            "fetch or write the file again");
      }
      return new JsonObject(file, "", root);
    } catch (IOException e) {
      throw new NacelleException(
          NacelleException.Kind.INPUT,
          Quoted.path(file)
              + ": tensor "
              + Quoted.name(tensor)
              + " is no JSON text ("
              + e.getClass().getSimpleName()
              + ")",
          "fetch or write the file again",
          e);
    }
  }

  /**
   * Reads a file that holds one JSON object. Names that stand twice are refused.
   *
   * @throws NacelleException of kind INPUT, naming the file and the byte
   */
  public static JsonObject read(Path file) {
    try (NativeBuffer mapped = MappedFile.open(file, "a JSON file", 2)) {
      if (mapped.byteSize() > LARGEST) {
        throw NacelleException.input(
            Quoted.path(file)
                + " holds "
                + mapped.byteSize()
                + " bytes, more than the "
                + LARGEST
                + " that a JSON file of its kind may have",
            "this is not the file that its name says");
      }
      int length = (int) mapped.byteSize();
      Utf8Check.require(file, mapped, 0, length, "file");
      JsonNode root = MAPPER.readTree(new MappedInputStream(mapped, 0, length));
      if (root == null || !root.isObject()) {
        throw NacelleException.input(
            Quoted.path(file) + " is not a JSON object", "fetch or write the file again");
      }
      return new JsonObject(file, "", root);
    } catch (JsonProcessingException e) {
      throw new NacelleException(
          NacelleException.Kind.INPUT,
          Quoted.path(file)
              + " is not JSON at "
              + HostileJson.place(e.getLocation())
              + ": "
              + HostileJson.reason(e),
          "mend the file, or fetch it again",
          e);
    } catch (IOException e) {
      throw MappedFile.unreadable(file, e);
    }
  }
}

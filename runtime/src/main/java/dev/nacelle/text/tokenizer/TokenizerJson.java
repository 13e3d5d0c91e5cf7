package dev.nacelle.text.tokenizer;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.nacelle.NacelleException;
import dev.nacelle.text.Tokenizer;
import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads a Hugging Face tokenizer.json. */
public final class TokenizerJson {
  /** Field names are tokens here: a table of them would hold the whole vocabulary again. */
  private static final JsonFactory JSON =
      JsonFactory.builder()
          .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
          .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
          .build();

  private static final JsonMapper TREES = JsonMapper.builder(JSON).build();

  private final ModelReader model = new ModelReader();
  private boolean modelSeen;
  private final Map<String, JsonNode> parts = new HashMap<>();

  private TokenizerJson() {}

  /**
   * @param file a tokenizer.json
   * @return the tokenizer that it describes; truncation and padding, which belong to a use and not
   *     to the text, are not applied
   * @throws NacelleException (bad input) with the file and the rule where the file is missing, is
   *     no JSON, breaks a rule, or asks for a part that Nacelle does not do
   */
  public static Tokenizer load(Path file) {
    return load(file, () -> Files.newInputStream(file));
  }

  /**
   * Reads a tokenizer.json that lies in no file of its own, one made from a GGUF file's metadata
   * say.
   *
   * @param file what messages name
   * @throws NacelleException as {@link #load}
   */
  public static Tokenizer parse(byte[] json, Path file) {
    return load(file, () -> new ByteArrayInputStream(json));
  }

  private interface Opener {
    InputStream open() throws IOException;
  }

  private static Tokenizer load(Path file, Opener opener) {
    try {
      TokenizerJson reader = new TokenizerJson();
      reader.read(opener);
      if (reader.model.needsMerges()) {
        reader.read(opener);
      }
      return reader.build();
    } catch (JsonProcessingException e) {
      throw new NacelleException(
          NacelleException.Kind.INPUT,
          file
              + " is not valid JSON: "
              + e.getOriginalMessage()
              + (e.getLocation() == null
                  ? ""
                  : " (line "
                      + e.getLocation().getLineNr()
                      + ", column "
                      + e.getLocation().getColumnNr()
                      + ")")
              + ".",
          "Fetch the file again; it may have been cut short.",
          e);
    } catch (IOException e) {
      throw new NacelleException(
          NacelleException.Kind.INPUT,
          e instanceof NoSuchFileException
              ? file + " does not exist."
              : file + " cannot be read: " + e.getMessage() + ".",
          "A Hugging Face model folder holds a tokenizer.json beside its config.json.",
          e);
    } catch (NacelleException e) {
      throw new NacelleException(
          e.kind(),
          file + ": " + e.getMessage() + ".",
          "The file is damaged, or made for a tokenizer that Nacelle does not do.",
          e);
    }
  }

  private void read(Opener opener) throws IOException {
    try (InputStream in = new BufferedInputStream(opener.open(), 1 << 16);
        JsonParser json = TREES.createParser(in)) {
      if (json.nextToken() != JsonToken.START_OBJECT) {
        throw Refusal.of("it does not hold a JSON object");
      }
      while (json.nextToken() != JsonToken.END_OBJECT) {
        String field = json.currentName();
        json.nextToken();
        switch (field) {
          case "model" -> {
            model.read(json);
            modelSeen = true;
          }
          case "added_tokens",
              "normalizer",
              "pre_tokenizer",
              "post_processor",
              "decoder",
              "version" ->
              parts.put(field, TREES.readTree(json));
          default -> json.skipChildren();
        }
      }
      if (json.nextToken() != null) {
        throw Refusal.of("something follows the JSON object");
      }
    }
  }

  private Tokenizer build() {
    if (!modelSeen) {
      throw Refusal.of("it has no model");
    }
    JsonNode version = parts.get("version");
    if (version != null && !"1.0".equals(version.textValue())) {
      throw Refusal.of("its version is " + Refusal.quote(version.toString()) + ", not \"1.0\"");
    }
    Part normalizer = part("normalizer");
    Part preTokenizer = part("pre_tokenizer");
    Part postProcessor = part("post_processor");
    Part decoder = part("decoder");
    return new CompactTokenizer(
        new CompactTokenizer.Parts(
            model.build(),
            normalizer == null ? null : PartReader.normalizer(normalizer),
            preTokenizer == null ? null : PartReader.preTokenizer(preTokenizer),
            postProcessor == null ? null : PartReader.postProcessor(postProcessor),
            decoder == null ? null : PartReader.decoder(decoder),
            addedTokens()));
  }

  private @Nullable Part part(String name) {
    return Part.of(name.replace('_', '-'), parts.get(name));
  }

  private List<AddedToken> addedTokens() {
    JsonNode list = parts.get("added_tokens");
    if (list == null || list.isNull()) {
      return List.of();
    }
    if (!list.isArray()) {
      throw Refusal.of("added_tokens is not a list");
    }
    List<AddedToken> tokens = new ArrayList<>(list.size());
    for (JsonNode token : list) {
      Part part = Part.of("added token", token);
      if (part == null) {
        throw Refusal.of("an added token is null");
      }
      tokens.add(PartReader.addedToken(part));
    }
    return tokens;
  }
}

package dev.nacelle.text.gguf;

import com.fasterxml.jackson.core.JsonEncoding;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.nacelle.NacelleException;
import dev.nacelle.file.GgufVocabulary;
import dev.nacelle.file.Quoted;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;

/** Renders a GGUF vocabulary as the tokenizer.json that means the same. */
public final class GgufTokenizerJson {
  private static final JsonFactory JSON = new JsonFactory();

  private GgufTokenizerJson() {}

  /**
   * The bytes of a tokenizer.json.
   *
   * @param file the GGUF file, for messages
   * @throws NacelleException of kind INPUT where the file asks for what we do not do
   */
  public static byte[] render(GgufVocabulary vocabulary, Path file) {
    if (!vocabulary.model().equals("gpt2")) {
      throw refusal(file, "model", vocabulary.model(), "gpt2, byte-level pairs");
    }
    String pre = vocabulary.pre() == null ? "absent" : vocabulary.pre();
    PreTokenizerKind kind = PreTokenizerKind.find(pre);
    if (kind == null) {
      throw refusal(file, "pre", pre, PreTokenizerKind.names());
    }
    if (vocabulary.merges().isEmpty()) {
      throw NacelleException.input(
          Quoted.path(file) + ": metadata key 'tokenizer.ggml.merges' is missing",
          "byte-level pairs need it; use the model's Hugging Face folder");
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(1 << 20);
    try (JsonGenerator json = JSON.createGenerator(bytes, JsonEncoding.UTF8)) {
      json.writeStartObject();
      json.writeStringField("version", "1.0");
      json.writeNullField("truncation");
      json.writeNullField("padding");
      addedTokens(json, vocabulary);
      json.writeNullField("normalizer");
      json.writeFieldName("pre_tokenizer");
      json.writeRawValue(kind.json());
      postProcessor(json, vocabulary);
      json.writeFieldName("decoder");
      json.writeRawValue(PreTokenizerKind.WORDS.json());
      model(json, vocabulary);
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e); // no file is involved
    }
    return bytes.toByteArray();
  }

  private static NacelleException refusal(Path file, String key, String value, String known) {
    return NacelleException.input(
        Quoted.path(file)
            + ": tokenizer.ggml."
            + key
            + " is "
            + Quoted.name(value)
            + ", which Nacelle does not do",
        "read so far: " + known + "; the model's Hugging Face folder may still work");
  }

  private static void addedTokens(JsonGenerator json, GgufVocabulary vocabulary)
      throws IOException {
    json.writeArrayFieldStart("added_tokens");
    for (int id = 0; id < vocabulary.tokens().size(); id++) {
      int type = vocabulary.type(id);
      if (type == GgufVocabulary.CONTROL || type == GgufVocabulary.USER_DEFINED) {
        json.writeStartObject();
        json.writeNumberField("id", id);
        json.writeStringField("content", vocabulary.tokens().get(id));
        for (String off : List.of("single_word", "lstrip", "rstrip", "normalized")) {
          json.writeBooleanField(off, false);
        }
        json.writeBooleanField("special", type == GgufVocabulary.CONTROL);
        json.writeEndObject();
      }
    }
    json.writeEndArray();
  }

  private static void postProcessor(JsonGenerator json, GgufVocabulary vocabulary)
      throws IOException {
    boolean first = Boolean.TRUE.equals(vocabulary.addBos()) && vocabulary.bosId() >= 0;
    boolean last = Boolean.TRUE.equals(vocabulary.addEos()) && vocabulary.eosId() >= 0;
    if (!first && !last) {
      json.writeNullField("post_processor");
      return;
    }
    json.writeObjectFieldStart("post_processor");
    json.writeStringField("type", "TemplateProcessing");
    for (String form : List.of("single", "pair")) {
      json.writeArrayFieldStart(form);
      for (String part : form.equals("single") ? List.of("A") : List.of("A", "B")) {
        if (first) {
          template(json, "SpecialToken", vocabulary.tokens().get(vocabulary.bosId()));
        }
        template(json, "Sequence", part);
        if (last) {
          template(json, "SpecialToken", vocabulary.tokens().get(vocabulary.eosId()));
        }
      }
      json.writeEndArray();
    }
    json.writeObjectFieldStart("special_tokens");
    if (first) {
      specialToken(json, vocabulary.tokens().get(vocabulary.bosId()), vocabulary.bosId());
    }
    if (last && !(first && vocabulary.bosId() == vocabulary.eosId())) {
      specialToken(json, vocabulary.tokens().get(vocabulary.eosId()), vocabulary.eosId());
    }
    json.writeEndObject();
    json.writeEndObject();
  }

  private static void template(JsonGenerator json, String kind, String id) throws IOException {
    json.writeStartObject();
    json.writeObjectFieldStart(kind);
    json.writeStringField("id", id);
    json.writeNumberField("type_id", 0);
    json.writeEndObject();
    json.writeEndObject();
  }

  private static void specialToken(JsonGenerator json, String token, int id) throws IOException {
    json.writeObjectFieldStart(token);
    json.writeStringField("id", token);
    json.writeArrayFieldStart("ids");
    json.writeNumber(id);
    json.writeEndArray();
    json.writeArrayFieldStart("tokens");
    json.writeString(token);
    json.writeEndArray();
    json.writeEndObject();
  }

  private static void model(JsonGenerator json, GgufVocabulary vocabulary) throws IOException {
    json.writeObjectFieldStart("model");
    json.writeStringField("type", "BPE");
    for (String absent : List.of("dropout", "unk_token")) {
      json.writeNullField(absent);
    }
    json.writeStringField("continuing_subword_prefix", "");
    json.writeStringField("end_of_word_suffix", "");
    for (String off : List.of("fuse_unk", "byte_fallback", "ignore_merges")) {
      json.writeBooleanField(off, false);
    }
    json.writeObjectFieldStart("vocab");
    for (int id = 0; id < vocabulary.tokens().size(); id++) {
      json.writeNumberField(vocabulary.tokens().get(id), id);
    }
    json.writeEndObject();
    json.writeArrayFieldStart("merges");
    for (String merge : vocabulary.merges()) {
      json.writeString(merge);
    }
    json.writeEndArray();
    json.writeEndObject();
  }
}

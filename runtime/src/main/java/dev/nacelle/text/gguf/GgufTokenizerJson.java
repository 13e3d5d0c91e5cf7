package dev.nacelle.text.gguf;

import com.fasterxml.jackson.core.JsonEncoding;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.nacelle.file.GgufVocabulary;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Renders a GGUF vocabulary as the tokenizer.json that means the same. */
public final class GgufTokenizerJson {
  private static final JsonFactory JSON = new JsonFactory();

  private GgufTokenizerJson() {}

  /**
   * The bytes of a tokenizer.json.
   *
   * @param file the GGUF file, for messages
   * @throws dev.nacelle.NacelleException of kind INPUT where the file asks for what we do not do
   */
  public static byte[] render(GgufVocabulary vocabulary, Path file) {
    TokenizerPlan plan =
        switch (vocabulary.model()) {
          case "gpt2" -> ByteLevelPlan.of(vocabulary, file);
          case "llama" -> SentencePiecePlan.llama(vocabulary, file);
          case "gemma4" -> SentencePiecePlan.gemma4(vocabulary, file);
          case "t5" -> SentencePiecePlan.unigram(vocabulary, file);
          default ->
              throw GgufRefusal.unknown(
                  file, "model", vocabulary.model(), "gpt2, llama, gemma4 and t5");
        };
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(1 << 20);
    try (JsonGenerator json = JSON.createGenerator(bytes, JsonEncoding.UTF8)) {
      json.writeStartObject();
      json.writeStringField("version", "1.0");
      json.writeNullField("truncation");
      json.writeNullField("padding");
      addedTokens(json, vocabulary);
      raw(json, "normalizer", plan.normalizer());
      raw(json, "pre_tokenizer", plan.preTokenizer());
      postProcessor(json, vocabulary, plan);
      raw(json, "decoder", plan.decoder());
      json.writeFieldName("model");
      plan.model().write(json);
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e); // no file is involved
    }
    return bytes.toByteArray();
  }

  private static void raw(JsonGenerator json, String field, String value) throws IOException {
    json.writeFieldName(field);
    json.writeRawValue(value);
  }

  private static void addedTokens(JsonGenerator json, GgufVocabulary vocabulary)
      throws IOException {
    json.writeArrayFieldStart("added_tokens");
    for (int id = 0; id < vocabulary.tokens().size(); id++) {
      int type = vocabulary.type(id);
      boolean special =
          type == GgufVocabulary.CONTROL
              || (type == GgufVocabulary.UNKNOWN && id == vocabulary.ids().unknown());
      if (special || type == GgufVocabulary.USER_DEFINED) {
        json.writeStartObject();
        json.writeNumberField("id", id);
        json.writeStringField("content", vocabulary.spelling(id));
        json.writeBooleanField("single_word", false);
        json.writeBooleanField("lstrip", false);
        json.writeBooleanField("rstrip", vocabulary.eatsSpaceAfter(id));
        json.writeBooleanField("normalized", false);
        json.writeBooleanField("special", special);
        json.writeEndObject();
      }
    }
    json.writeEndArray();
  }

  private static void postProcessor(
      JsonGenerator json, GgufVocabulary vocabulary, TokenizerPlan plan) throws IOException {
    boolean first = or(vocabulary.habits().addBos(), plan.addBos()) && vocabulary.ids().bos() >= 0;
    boolean last = or(vocabulary.habits().addEos(), plan.addEos()) && vocabulary.ids().eos() >= 0;
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
          template(json, "SpecialToken", vocabulary.spelling(vocabulary.ids().bos()));
        }
        template(json, "Sequence", part);
        if (last) {
          template(json, "SpecialToken", vocabulary.spelling(vocabulary.ids().eos()));
        }
      }
      json.writeEndArray();
    }
    json.writeObjectFieldStart("special_tokens");
    if (first) {
      specialToken(json, vocabulary.spelling(vocabulary.ids().bos()), vocabulary.ids().bos());
    }
    if (last && !(first && vocabulary.ids().bos() == vocabulary.ids().eos())) {
      specialToken(json, vocabulary.spelling(vocabulary.ids().eos()), vocabulary.ids().eos());
    }
    json.writeEndObject();
    json.writeEndObject();
  }

  private static boolean or(@Nullable Boolean said, boolean habit) {
    return said == null ? habit : said;
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
}

package dev.nacelle.text.gguf;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.nacelle.NacelleException;
import dev.nacelle.file.GgufVocabulary;
import dev.nacelle.file.Quoted;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Writes the model of a tokenizer.json that joins pairs of tokens. */
final class PairModel {
  /**
   * @param unknown the token for what has none
   * @param byteFallback whether characters without a token become tokens of their bytes
   * @param ignoreMerges whether a piece that is a token stays one
   */
  record Options(@Nullable String unknown, boolean byteFallback, boolean ignoreMerges) {}

  /** Takes pairs, best first. */
  interface PairSink {
    void pair(String left, String right) throws IOException;
  }

  /** Gives pairs, best first. */
  interface Pairs {
    void forEach(PairSink sink) throws IOException;
  }

  private PairModel() {}

  static void write(JsonGenerator json, GgufVocabulary vocabulary, Options options, Pairs pairs)
      throws IOException {
    json.writeStartObject();
    json.writeStringField("type", "BPE");
    json.writeNullField("dropout");
    if (options.unknown == null) {
      json.writeNullField("unk_token");
    } else {
      json.writeStringField("unk_token", options.unknown);
    }
    json.writeNullField("continuing_subword_prefix");
    json.writeNullField("end_of_word_suffix");
    json.writeBooleanField("fuse_unk", options.unknown != null);
    json.writeBooleanField("byte_fallback", options.byteFallback);
    json.writeBooleanField("ignore_merges", options.ignoreMerges);
    json.writeObjectFieldStart("vocab");
    for (int id = 0; id < vocabulary.tokens().size(); id++) {
      json.writeNumberField(vocabulary.spelling(id), id);
    }
    json.writeEndObject();
    json.writeArrayFieldStart("merges");
    pairs.forEach(
        (left, right) -> {
          json.writeStartArray();
          json.writeString(left);
          json.writeString(right);
          json.writeEndArray();
        });
    json.writeEndArray();
    json.writeEndObject();
  }

  /** The pairs that the file lists, each two tokens with a space between. */
  static Pairs listed(GgufVocabulary vocabulary, Path file) {
    List<String> merges = vocabulary.merges();
    return sink -> {
      for (int rank = 0; rank < merges.size(); rank++) {
        String merge = merges.get(rank);
        int space = merge.indexOf(' ', 1);
        if (space < 0 || space == merge.length() - 1) {
          throw NacelleException.input(
              GgufRefusal.where(file)
                  + "entry "
                  + rank
                  + " of 'tokenizer.ggml.merges', "
                  + Quoted.name(merge)
                  + ", is not two tokens with a space between",
              "convert the model anew");
        }
        sink.pair(merge.substring(0, space), merge.substring(space + 1));
      }
    };
  }
}

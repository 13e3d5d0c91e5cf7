package dev.nacelle.text.gguf;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;

/**
 * What of a tokenizer.json depends on the kind of tokenizer that a GGUF file names.
 *
 * @param normalizer part of a tokenizer.json, or the word null; as the two that follow
 * @param preTokenizer how text is cut before the model sees it
 * @param decoder how tokens become text again
 * @param addBos whether texts begin with bos where the file does not say
 * @param addEos whether texts end with eos where the file does not say
 * @param model writes the model's object
 */
record TokenizerPlan(
    String normalizer,
    String preTokenizer,
    String decoder,
    boolean addBos,
    boolean addEos,
    ModelPart model) {

  /** Writes one JSON value. */
  interface ModelPart {
    void write(JsonGenerator json) throws IOException;
  }
}

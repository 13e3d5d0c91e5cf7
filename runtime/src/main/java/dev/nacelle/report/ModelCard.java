package dev.nacelle.report;

import com.fasterxml.jackson.databind.JsonNode;
import dev.nacelle.file.pull.ModelStore;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * {@code README.md} beside the adapter: a model card as the Hugging Face hub reads it. It names
 * files by their last names alone, since a card is meant to be published.
 */
final class ModelCard {
  /** What the hub takes as the name of a base model; it refuses a card with any other. */
  private static final Pattern HUB_NAME =
      Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)?");

  private final JsonNode report;
  private final StringBuilder out = new StringBuilder();

  private ModelCard(JsonNode report) {
    this.report = report;
  }

  /** The card's text, of what report.json holds. */
  static String of(JsonNode report) {
    return new ModelCard(report).text();
  }

  private String text() {
    String path = report.path("model").asText();
    String base = baseModel(path);
    String name = lastName(path);
    out.append("---\nbase_model: ").append(yaml(base)).append("\nlibrary_name: peft\n");
    out.append("pipeline_tag: text-generation\ntags:\n");
    for (String tag : new String[] {"base_model:adapter:" + base, kind(), "nacelle"}) {
      out.append("- ").append(yaml(tag)).append('\n');
    }
    out.append("---\n\n# ")
        .append(isHydra() ? "HydraLoRA" : "LoRA")
        .append(" adapter for ")
        .append(code(name))
        .append("\n\n");
    out.append("Trained with Nacelle ").append(report.path("versions").path("nacelle").asText());
    out.append(
        String.format(
            Locale.ROOT,
            " for %,d steps (%,d tokens) on the base model %s.%n%n",
            report.path("steps").asLong(),
            report.path("tokens").asLong(),
            code(name)));
    result();
    data();
    use(name);
    flags();
    return out.toString();
  }

  private boolean isHydra() {
    return report.has("router");
  }

  private String kind() {
    return isHydra() ? "hydralora" : "lora";
  }

  private void result() {
    out.append("## Result\n\n| | before | after |\n|---|---|---|\n");
    if (report.path("eval_loss").isNumber()) {
      row("held-out loss", report.path("eval_loss_before"), report.path("eval_loss"));
    }
    row("training loss (first and last step)", report.path("first_loss"), report.path("loss"));
    out.append('\n');
  }

  private void row(String what, JsonNode before, JsonNode after) {
    out.append("| ").append(what).append(" | ").append(number(before)).append(" | ");
    out.append(number(after)).append(" |\n");
  }

  private static String number(JsonNode value) {
    return value.isNumber() ? Html.number(value.asDouble()) : "\u2013";
  }

  private void data() {
    out.append("## Data\n\n");
    for (String file :
        new TreeSet<>(report.path("data").valueStream().map(JsonNode::asText).toList())) {
      out.append("- ").append(code(lastName(file))).append('\n');
    }
    out.append(
        String.format(
            Locale.ROOT,
            "%n%,d samples; %,d cut at the largest length, %,d without a target left out.%n%n",
            report.path("samples").asLong(),
            report.path("truncated").asLong(),
            report.path("dropped").asLong()));
  }

  private void use(String name) {
    out.append("## Use\n\nWith PEFT, where `BASE` is the base model's name or folder and ");
    out.append("`ADAPTER` this folder:\n\n```python\n");
    out.append("from peft import PeftModel\n");
    out.append("from transformers import AutoModelForCausalLM, AutoTokenizer\n\n");
    out.append("tokenizer = AutoTokenizer.from_pretrained(BASE)\n");
    out.append("model = AutoModelForCausalLM.from_pretrained(BASE)\n");
    out.append("model = PeftModel.from_pretrained(model, ADAPTER)\n```\n\n");
    out.append("With Nacelle:\n\n```sh\n");
    out.append("./nacelle generate --model BASE --adapter ADAPTER --chat \"Hello\"\n```\n\n");
    if (name.toLowerCase(Locale.ROOT).endsWith(".gguf")) {
      out.append("The base was a GGUF file; with PEFT use the same model as a folder.\n\n");
    }
  }

  private void flags() {
    out.append("## Flags\n\n| flag | value |\n|---|---|\n");
    for (Map.Entry<String, JsonNode> flag : report.path("flags").properties()) {
      String value = flag.getValue().asText();
      // What was asked belongs into the report, where a machine's folders may be named.
      if (!value.isEmpty() && !flag.getKey().equals("--sample-prompt")) {
        out.append("| `").append(flag.getKey()).append("` | ");
        out.append(code(withoutFolders(value)).replace("|", "\\|")).append(" |\n");
      }
    }
  }

  private static String withoutFolders(String value) {
    StringBuilder names = new StringBuilder();
    for (String line : value.split("\n", -1)) {
      names.append(names.isEmpty() ? "" : ", ");
      names.append(line.indexOf('/') >= 0 ? lastName(line) : line);
    }
    return names.toString();
  }

  /** The hub's name where the path tells it, else the last name as one that the hub takes. */
  static String baseModel(String path) {
    String published = ModelStore.publishedName(Path.of(path));
    if (!published.equals(path) && HUB_NAME.matcher(published).matches()) {
      return published;
    }
    String plain = lastName(path).replaceAll("[^A-Za-z0-9._-]+", "-").replaceAll("^[._-]+", "");
    return plain.isEmpty() ? "unknown" : plain;
  }

  private static String lastName(String path) {
    Path name = Path.of(path).toAbsolutePath().normalize().getFileName();
    return name == null ? path : name.toString();
  }

  /**
   * The text as a double-quoted scalar of YAML 1.1 and 1.2 on one line, whatever it holds; a lone
   * surrogate, which no YAML can hold, becomes U+FFFD.
   */
  static String yaml(String text) {
    StringBuilder quoted = new StringBuilder("\"");
    text.codePoints()
        .forEach(
            c -> {
              if (c == '"' || c == '\\') {
                quoted.append('\\').append((char) c);
              } else if (c >= 0x20 && c < 0x7f) {
                quoted.append((char) c);
              } else if (c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE) {
                quoted.append("\\uFFFD");
              } else {
                quoted.append(String.format(Locale.ROOT, c > 0xffff ? "\\U%08X" : "\\u%04X", c));
              }
            });
    return quoted.append('"').toString();
  }

  /** The text as a code span of Markdown on one line: no markup in it counts. */
  static String code(String text) {
    StringBuilder plain = new StringBuilder();
    text.codePoints()
        .map(c -> Character.isISOControl(c) || Character.getType(c) == Character.FORMAT ? ' ' : c)
        .forEach(plain::appendCodePoint);
    int run = 0;
    int longest = 0;
    for (int i = 0; i < plain.length(); i++) {
      run = plain.charAt(i) == '`' ? run + 1 : 0;
      longest = Math.max(longest, run);
    }
    String fence = "`".repeat(longest + 1);
    String pad = longest > 0 || plain.isEmpty() ? " " : "";
    return fence + pad + plain + pad + fence;
  }
}

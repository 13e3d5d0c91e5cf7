package dev.nacelle.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nacelle.NacelleException;
import dev.nacelle.data.DataFormat;
import dev.nacelle.data.Dataset;
import dev.nacelle.data.SampleEncoder;
import dev.nacelle.data.TokenizeOptions;
import dev.nacelle.data.TrainOn;
import dev.nacelle.file.FaultInjector;
import dev.nacelle.file.GgufFile;
import dev.nacelle.text.ChatTemplate;
import dev.nacelle.text.Tokenizer;
import dev.nacelle.text.gguf.GgufText;
import dev.nacelle.text.template.ChatTemplates;
import dev.nacelle.text.tokenizer.TokenizerJson;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code ./nacelle tokenize}. */
@Command(
    name = "tokenize",
    mixinStandardHelpOptions = true,
    description = {
      "Prints a text's token ids, and the tokens as the vocabulary spells them, as one JSON"
          + " object.",
      "With --chat also the text that the model's template makes of a conversation, and which",
      "tokens are trained on."
    },
    footer = {
      "",
      "Plain text gets the special tokens that the tokenizer adds; rendered chat gets none.",
      "",
      "Exit codes: 0 done, 1 unexpected failure, 2 wrong usage, 3 bad input, 5 the environment",
      "lacks something.",
      "",
      "Examples:",
      "  ./nacelle tokenize --model DIR --text \"Hello, world\"",
      "  ./nacelle tokenize --model DIR --file notes.txt --json",
      "  ./nacelle tokenize --model DIR --file conversation.json --chat",
    })
final class TokenizeCommand implements Callable<Integer> {
  @Option(
      names = "--model",
      paramLabel = "M",
      required = true,
      description = "A folder, a .gguf file or a name that pull knows; weights are not read.")
  private @Nullable Path model;

  @ArgGroup(multiplicity = "1")
  private Input input = new Input();

  /** The text: one of the two. */
  static final class Input {
    @Option(names = "--text", paramLabel = "T", required = true, description = "The text itself.")
    @Nullable String text;

    @Option(
        names = "--file",
        paramLabel = "F",
        required = true,
        description = "A file of UTF-8 text, read as it stands.")
    @Nullable Path file;
  }

  @Option(
      names = "--chat",
      description = "--file is a JSON list of {role, content}, rendered by the chat template.")
  private boolean chat;

  @Option(
      names = "--train-on",
      defaultValue = "completions",
      description = "With --chat: completions or all (default: ${DEFAULT-VALUE}).")
  private String trainOn = "completions";

  // Known for scripts that pass them to every command: the result is one JSON object anyway.
  @SuppressWarnings("UnusedVariable")
  @Mixin
  private OutputFlags output = new OutputFlags();

  @Override
  public Integer call() {
    TrainOn targets = FlagWords.choice("--train-on", trainOn, TrainOn.class);
    if (chat && input.file == null) {
      throw NacelleException.usage(
          "--chat reads a conversation from a file",
          "write a JSON list of {role, content} to a file and give --file");
    }
    if (model == null) {
      throw NacelleException.usage("--model is missing", "name a model folder");
    }
    Path path = Names.model(model);
    ObjectNode result = Files.isDirectory(path) ? ofFolder(path, targets) : ofFile(path, targets);
    System.out.println(Json.text(result));
    return 0;
  }

  /** A folder needs no weights for this. */
  private ObjectNode ofFolder(Path folder, TrainOn targets) {
    Tokenizer tokenizer = TokenizerJson.load(folder.resolve("tokenizer.json"));
    return chat ? chat(tokenizer, ChatTemplates.load(folder), targets) : plain(tokenizer);
  }

  /** A GGUF file of any model will do, one with a vocabulary alone too. */
  private ObjectNode ofFile(Path path, TrainOn targets) {
    if (!Files.exists(path)) {
      throw NacelleException.input(
          "there is no model at " + path, "give --model a Hugging Face folder or a .gguf file");
    }
    try (GgufFile file = GgufFile.open(path, FaultInjector.fromEnvironment())) {
      GgufText text = GgufText.read(file, path);
      return chat ? chat(text.tokenizer(), text.template(), targets) : plain(text.tokenizer());
    }
  }

  private ObjectNode plain(Tokenizer tokenizer) {
    Path file = input.file;
    String text = file != null ? read(file) : input.text;
    return ids(tokenizer, tokenizer.encode(text == null ? "" : text, true).ids());
  }

  private ObjectNode chat(Tokenizer tokenizer, ChatTemplate template, TrainOn targets) {
    Path file = input.file;
    if (file == null) {
      throw new IllegalStateException("checked before");
    }
    SampleEncoder encoder =
        new SampleEncoder(
            tokenizer,
            template,
            OptionalInt.empty(),
            new TokenizeOptions(Integer.MAX_VALUE, targets, DataFormat.AUTO, false));
    SampleEncoder.Chat rendered = encoder.encodeChat(Dataset.readConversation(file));
    int[] ids = rendered.encoding().ids();
    ObjectNode result = ids(tokenizer, ids).put("text", rendered.text());
    ArrayNode trained = result.putArray("trained");
    BitSet bits = rendered.trained();
    for (int t = 0; t < ids.length; t++) {
      trained.add(bits.get(t));
    }
    return result;
  }

  private static ObjectNode ids(Tokenizer tokenizer, int[] ids) {
    ObjectNode result = Json.object();
    ArrayNode numbers = result.putArray("ids");
    ArrayNode tokens = result.putArray("tokens");
    for (int id : ids) {
      numbers.add(id);
      tokens.add(tokenizer.token(id));
    }
    return result;
  }

  private static String read(Path file) {
    byte[] bytes;
    try {
      bytes = Files.readAllBytes(file);
    } catch (NoSuchFileException e) {
      throw new NacelleException(
          NacelleException.Kind.INPUT, "there is no file " + file, "check --file", e);
    } catch (IOException | OutOfMemoryError e) {
      throw new NacelleException(
          NacelleException.Kind.INPUT,
          "the file " + file + " cannot be read (" + e + ")",
          "--file takes a text file that fits the memory",
          e);
    }
    CharsetDecoder decoder =
        StandardCharsets.UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPORT)
            .onUnmappableCharacter(CodingErrorAction.REPORT);
    ByteBuffer in = ByteBuffer.wrap(bytes);
    CharBuffer out = CharBuffer.allocate(bytes.length);
    try {
      var end = decoder.decode(in, out, true);
      if (end.isError()) {
        end.throwException();
      }
      return out.flip().toString();
    } catch (CharacterCodingException e) {
      throw new NacelleException(
          NacelleException.Kind.INPUT,
          file + ": the byte at offset " + in.position() + " is no UTF-8",
          "convert the file to UTF-8",
          e);
    }
  }
}

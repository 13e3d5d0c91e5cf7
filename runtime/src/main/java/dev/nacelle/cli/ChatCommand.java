package dev.nacelle.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nacelle.NacelleException;
import dev.nacelle.file.FaultInjector;
import dev.nacelle.report.Terminal;
import dev.nacelle.text.Message;
import dev.nacelle.train.Answer;
import dev.nacelle.train.BaseModel;
import dev.nacelle.train.GenerationCache;
import dev.nacelle.train.Generator;
import dev.nacelle.train.ReadyModel;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code ./nacelle chat}. */
@Command(
    name = "chat",
    mixinStandardHelpOptions = true,
    description = {
      "A conversation with a model on the terminal; answers come as they are made. Lines from a"
          + " pipe",
      "are messages too, each answered on standard output, without prompts."
    },
    footer = {
      "",
      "/reset begins a new conversation, /quit or the end of the input ends it. Ctrl-C stops an",
      "answer; at the prompt it ends the program (exit 130). A conversation that fills the model's",
      "context takes no further message until /reset.",
      "",
      "--json prints turns: user, text, prompt_tokens, cached_tokens and new_tokens of each.",
      "",
      "Exit codes: 0 done, 1 unexpected failure, 2 wrong usage, 3 bad input (a piped conversation",
      "that fills the context too), 4 does not fit the memory, 5 the environment lacks something,",
      "130 interrupted.",
      "",
      "Examples:",
      "  ./nacelle chat --model DIR --adapter my-adapter",
      "  ./nacelle chat --model DIR --system \"Answer in one word.\" --temperature 0.7",
      "  printf 'Hello\\nAnd you?\\n' | ./nacelle chat --model DIR --max-new-tokens 40",
    })
final class ChatCommand implements Callable<Integer> {
  private static final int INTERRUPTED = 130;

  @Mixin private ModelFlags model = new ModelFlags();

  @Option(
      names = "--system",
      paramLabel = "T",
      description = "A system message before each conversation (default: the template's own).")
  private @Nullable String system;

  @Mixin private SamplingFlags sampling = new SamplingFlags();
  @Mixin private ComputeFlags compute = new ComputeFlags();
  @Mixin private OutputFlags output = new OutputFlags();

  /** Whether an answer is being made, and whether it must stop. */
  private final AtomicBoolean answering = new AtomicBoolean();

  private final AtomicBoolean stop = new AtomicBoolean();
  private final List<Message> conversation = new ArrayList<>();
  private final ArrayNode turns = Json.MAPPER.createArrayNode();

  @Override
  public Integer call() {
    model.check();
    model.refuseBudget("leave it out: a conversation grows; generate keeps to one");
    compute.check();
    sampling.check();
    boolean person = Terminal.isStandardInput();
    try (ReadyModel ready = model.open(compute, FaultInjector.fromEnvironment());
        GenerationCache cache = new GenerationCache(ready.model())) {
      if (person) {
        Interrupts.onInterrupt(this::interrupted);
        System.err.println("/reset begins anew, /quit ends, Ctrl-C stops an answer");
      }
      converse(ready, cache, person);
    }
    if (output.json) {
      ObjectNode result = Json.object();
      result.set("turns", turns);
      System.out.println(Json.text(result));
    }
    return 0;
  }

  private void interrupted() {
    if (answering.get()) {
      stop.set(true);
    } else {
      System.err.println();
      Runtime.getRuntime().halt(INTERRUPTED);
    }
  }

  private void converse(ReadyModel ready, GenerationCache cache, boolean person) {
    Generator generator = new Generator(ready.model(), ready.base().endTokens(), cache);
    BufferedReader lines =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    reset();
    try {
      while (true) {
        if (person) {
          System.err.print("> ");
          System.err.flush();
        }
        String line = lines.readLine();
        if (line == null || line.strip().equals("/quit")) {
          if (line == null && person) {
            System.err.println();
          }
          return;
        }
        if (line.strip().equals("/reset")) {
          reset();
        } else if (!line.isBlank()) {
          answer(ready.base(), generator, cache, line, person);
        }
      }
    } catch (IOException e) {
      throw NacelleException.environment("the messages cannot be read (" + e + ")", null, e);
    }
  }

  private void reset() {
    conversation.clear();
    if (system != null) {
      conversation.add(new Message("system", system));
    }
  }

  private void answer(
      BaseModel base, Generator generator, GenerationCache cache, String line, boolean person) {
    conversation.add(new Message("user", line));
    String text = base.template().render(conversation, true);
    int[] prompt = base.tokenizer().encode(text, false).ids();
    int room = base.config().maxPositionEmbeddings() - prompt.length;
    if (room < 1) {
      conversation.removeLast();
      String full =
          "the message does not fit: the conversation would have "
              + prompt.length
              + " tokens, and the model's context holds "
              + base.config().maxPositionEmbeddings();
      if (!person) {
        throw NacelleException.input(full, "begin anew with a line /reset");
      }
      System.err.println(full + "; /reset begins anew");
      return;
    }
    answering.set(true);
    Answer.Result result =
        new Answer(
                base.tokenizer(),
                sampling.stops,
                piece -> {
                  if (!output.json) {
                    System.out.print(piece);
                  }
                })
            .generate(
                generator,
                prompt,
                Math.min(room, sampling.maxNewTokens),
                sampling.sampling(),
                // Each answer draws from a place of its own in the stream of the seed.
                compute.seed + turns.size(),
                () -> !stop.get() && (output.json || !System.out.checkError()));
    answering.set(false);
    if (stop.getAndSet(false)) {
      System.err.println(" …");
    }
    if (!output.json) {
      System.out.println();
      System.out.flush();
    }
    conversation.add(new Message("assistant", result.text()));
    turns
        .addObject()
        .put("user", line)
        .put("text", result.text())
        .put("prompt_tokens", prompt.length)
        .put("cached_tokens", cache.reused())
        .put("new_tokens", result.ids().length);
  }
}

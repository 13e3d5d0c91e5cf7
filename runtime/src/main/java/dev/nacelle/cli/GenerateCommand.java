package dev.nacelle.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nacelle.file.FaultInjector;
import dev.nacelle.memory.Strategy;
import dev.nacelle.planning.ForwardPlan;
import dev.nacelle.text.Message;
import dev.nacelle.train.Answer;
import dev.nacelle.train.BaseModel;
import dev.nacelle.train.Generator;
import dev.nacelle.train.ReadyModel;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code ./nacelle generate}. */
@Command(
    name = "generate",
    mixinStandardHelpOptions = true,
    description =
        "Writes on behind a prompt, or answers as in a chat; the text comes as it is made.",
    footer = {
      "",
      "--json prints text, ids, prompt_tokens, new_tokens and seconds once all is there.",
      "",
      "Exit codes: 0 done, 1 unexpected failure, 2 wrong usage, 3 bad input, 4 does not fit the",
      "memory, 5 the environment lacks something.",
      "",
      "Examples:",
      "  ./nacelle generate --model DIR --chat \"What is a nacelle?\"",
      "  ./nacelle generate --model DIR --adapter a:0.7 --adapter b:0.3 --prompt \"Once\"",
      "  ./nacelle generate --model DIR --chat \"Hi\" --temperature 0.8 --top-p 0.9 --seed 1"
          + " --json",
    })
final class GenerateCommand implements Callable<Integer> {
  @Mixin private ModelFlags model = new ModelFlags();

  @ArgGroup(multiplicity = "1")
  private Asked asked = new Asked();

  /** What to write on behind: one of the two. */
  static final class Asked {
    @Option(
        names = "--prompt",
        paramLabel = "T",
        required = true,
        description = "Text to go on with, as it stands.")
    @Nullable String prompt;

    @Option(
        names = "--chat",
        paramLabel = "T",
        required = true,
        description = "A user's message, put through the model's chat template.")
    @Nullable String chat;
  }

  @Mixin private SamplingFlags sampling = new SamplingFlags();
  @Mixin private ComputeFlags compute = new ComputeFlags();
  @Mixin private OutputFlags output = new OutputFlags();

  private Strategy strategy = Strategy.FASTEST;

  @Override
  public Integer call() {
    model.check();
    compute.check();
    sampling.check();
    try (ReadyModel ready =
        model.open(
            compute,
            FaultInjector.fromEnvironment(),
            job -> ForwardPlan.generation(job, prompt(job.base()).length, sampling.maxNewTokens),
            made -> strategy = made.strategy())) {
      BaseModel base = ready.base();
      int[] prompt = prompt(base);
      Generator generator = new Generator(ready.model(), base.endTokens(), strategy);
      Answer answer =
          new Answer(
              base.tokenizer(),
              sampling.stops,
              piece -> {
                if (!output.json) {
                  System.out.print(piece);
                }
              });
      long begin = System.nanoTime();
      Answer.Result result =
          answer.generate(
              generator,
              prompt,
              sampling.maxNewTokens,
              sampling.sampling(),
              compute.seed,
              // Flushes, and ends where nobody reads any more.
              () -> output.json || !System.out.checkError());
      double seconds = (System.nanoTime() - begin) * 1e-9;
      if (output.json) {
        print(result, prompt.length, seconds);
      } else {
        System.out.println();
      }
      return 0;
    }
  }

  private int[] prompt(BaseModel base) {
    if (asked.chat != null) {
      String text = base.template().render(List.of(new Message("user", asked.chat)), true);
      return base.tokenizer().encode(text, false).ids();
    }
    return base.tokenizer().encode(asked.prompt == null ? "" : asked.prompt, true).ids();
  }

  private static void print(Answer.Result result, int promptTokens, double seconds) {
    ObjectNode object = Json.object().put("text", result.text());
    ArrayNode ids = object.putArray("ids");
    for (int id : result.ids()) {
      ids.add(id);
    }
    object.put("prompt_tokens", promptTokens);
    object.put("new_tokens", result.ids().length);
    object.put("seconds", seconds);
    System.out.println(Json.text(object));
  }
}

package example;

import dev.nacelle.FinetuneEvent;
import dev.nacelle.FinetuneRun;
import dev.nacelle.FinetuneSummary;
import dev.nacelle.Finetuning;
import dev.nacelle.Generation;
import dev.nacelle.LanguageModel;
import dev.nacelle.Nacelle;
import dev.nacelle.NacelleException;
import dev.nacelle.TensorData;
import dev.nacelle.WeightedAdapter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Trains an adapter on two sentences, writes with it, and runs one operator. */
public final class Embedding {
  private static final List<String> CHATS =
      List.of(
          chat("What is a nacelle?", "The housing of an engine."),
          chat("Who looks after the engine?", "The engineer."));

  private Embedding() {}

  /**
   * @param args a model's folder, or a .gguf file
   */
  public static void main(String[] args) throws IOException {
    Path folder = Files.createTempDirectory("nacelle-example");
    Path data = Files.write(folder.resolve("chats.jsonl"), CHATS);
    try (Nacelle nacelle = Nacelle.open(2)) {
      Path adapter = train(nacelle, Path.of(args[0]), data, folder.resolve("adapter"));
      write(nacelle, Path.of(args[0]), adapter);
      normalise(nacelle);
      System.out.println("held at the end: " + nacelle.memoryUse().liveBytes() + " bytes");
    } catch (NacelleException e) {
      // The message says what failed and where, the hint, where there is one, what to do next.
      System.err.println(e.kind() + ": " + e.getMessage());
      if (e.hint() != null) {
        System.err.println("  " + e.hint());
      }
      System.exit(e.kind().exitCode());
    }
  }

  private static Path train(Nacelle nacelle, Path model, Path data, Path out) {
    Finetuning description =
        Finetuning.builder()
            .setModel(model)
            .setData(data)
            .setOut(out)
            .optRank(4)
            .optSteps(10)
            .optLearningRate(5e-3)
            .build();
    // run.cancel() would stop it, from any thread.
    FinetuneRun run = nacelle.finetune(description, Embedding::show);
    FinetuneSummary summary = run.run();
    System.out.println("peak: " + summary.peakBytes() + " bytes");
    return summary.adapter();
  }

  private static void show(FinetuneEvent event) {
    if (event instanceof FinetuneEvent.Stepped step) {
      System.out.printf("step %2d  loss %.4f%n", step.step(), step.loss());
    }
  }

  private static void write(Nacelle nacelle, Path path, Path adapter) {
    try (LanguageModel model = nacelle.openModel(path, WeightedAdapter.of(adapter))) {
      Generation question = Generation.ofChat("What is a nacelle?").optMaxNewTokens(24).build();
      System.out.print("answer: ");
      model.generate(
          question,
          piece -> {
            System.out.print(piece);
            return true; // false would end the answer
          });
      System.out.println();
    }
  }

  private static void normalise(Nacelle nacelle) {
    Map<String, TensorData> out =
        nacelle
            .operators()
            .run(
                "rms_norm",
                Map.of(
                    "x", TensorData.ofFloats(new float[] {3, 4}, 1, 2),
                    "weight", TensorData.ofFloats(new float[] {1, 1}, 2)));
    System.out.println("rms_norm: " + Arrays.toString(out.get("y").toFloats()));
  }

  private static String chat(String question, String answer) {
    return """
    {"messages": [{"role": "user", "content": "%s"}, {"role": "assistant", "content": "%s"}]}\
    """
        .formatted(question, answer);
  }
}

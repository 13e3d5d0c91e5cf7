package dev.nacelle.cli;

import static dev.nacelle.cli.FlagWords.choice;
import static dev.nacelle.cli.FlagWords.isOn;
import static dev.nacelle.cli.FlagWords.require;

import dev.nacelle.NacelleException;
import dev.nacelle.adapter.Beginning;
import dev.nacelle.file.AdapterKind;
import dev.nacelle.file.DoraKind;
import dev.nacelle.file.HydraKind;
import dev.nacelle.file.LoraKind;
import dev.nacelle.file.VeraKind;
import dev.nacelle.train.FinetuneOptions;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which adapter is trained, and where. */
final class AdapterFlags {
  private static final String KINDS = "choose lora, rslora, lora-fa, dora, vera or hydra";

  @Option(
      names = "--adapter",
      paramLabel = "KIND",
      defaultValue = "lora",
      description =
          "What is trained beside each layer: lora, rslora, lora-fa, dora, vera, vectors around"
              + " shared random matrices, or hydra, one A with several Bs under a router (default:"
              + " ${DEFAULT-VALUE}).")
  private String adapter = "lora";

  @Option(
      names = "--heads",
      paramLabel = "N",
      defaultValue = "3",
      description =
          "Hydra's up-projections; auto: as many as the data has topics, by TF-IDF, k-means and the"
              + " elbow (default: ${DEFAULT-VALUE}).")
  private String heads = "3";

  @Option(
      names = "--d-initial",
      paramLabel = "D",
      defaultValue = "0.1",
      description = "VeRA: what its vector d begins as (default: ${DEFAULT-VALUE}).")
  private double initialD;

  @Option(
      names = "--projection-key",
      paramLabel = "K",
      defaultValue = "0",
      description = "VeRA: seed of its random matrices (default: ${DEFAULT-VALUE}).")
  private long projectionKey;

  @Option(
      names = "--save-projection",
      defaultValue = "on",
      description =
          "VeRA: off leaves the matrices out of the file, to be drawn again from the key (default:"
              + " ${DEFAULT-VALUE}).")
  private String saveProjection = "on";

  @Option(names = "--rank", defaultValue = "16", description = "R (default: ${DEFAULT-VALUE}).")
  private int rank;

  @Option(
      names = "--alpha",
      defaultValue = "32",
      description =
          "The update is scaled by alpha/rank, by rslora alpha/√rank (default: ${DEFAULT-VALUE}).")
  private double alpha;

  @Option(
      names = "--rank-pattern",
      paramLabel = "NAME=R,…",
      defaultValue = "",
      description = "Layers of another rank, by the ends of their names (default: none).")
  private String rankPattern = "";

  @Option(
      names = "--alpha-pattern",
      paramLabel = "NAME=A,…",
      defaultValue = "",
      description = "Layers of another alpha, by the ends of their names (default: none).")
  private String alphaPattern = "";

  @Option(
      names = "--dropout",
      defaultValue = "0",
      description = "Share of the adapter's input dropped in training (default: ${DEFAULT-VALUE}).")
  private double dropout;

  @Option(
      names = "--targets",
      defaultValue = "all-linear",
      description = "all-linear, or ends of module names with commas (default: ${DEFAULT-VALUE}).")
  private String targets = "all-linear";

  @Option(names = "--layers", defaultValue = "", description = "Blocks, 0-7,12 say (default: all).")
  private String layers = "";

  @Option(
      names = "--modules-to-save",
      paramLabel = "NAME,…",
      defaultValue = "",
      description =
          "Modules that train whole, as copies of their own in the adapter: lm_head, embed_tokens"
              + " (default: none).")
  private String modulesToSave = "";

  @Option(
      names = "--init",
      defaultValue = "default",
      description =
          "How A and B begin: default, pissa (singular vectors) or olora (QR) (default:"
              + " ${DEFAULT-VALUE}).")
  private String init = "default";

  @Option(
      names = "--will-export",
      paramLabel = "gguf",
      defaultValue = "",
      description = "Refuse at once what could not be exported so (default: not looked at).")
  private String willExport = "";

  @Option(
      names = "--init-adapter",
      paramLabel = "DIR",
      description = "Start from a saved adapter; its rank, alpha and targets hold.")
  private @Nullable Path initAdapter;

  /**
   * @param given the flags that were typed
   */
  FinetuneOptions.Adapting adapting(Set<String> given) {
    require(
        willExport.isEmpty() || willExport.equals("gguf"),
        "--will-export " + willExport,
        "choose gguf");
    return new FinetuneOptions.Adapting(
        kind(given),
        rank,
        alpha,
        dropout,
        targets,
        layers,
        new FinetuneOptions.Special(
            ModuleNumbers.parse("--rank-pattern", rankPattern),
            ModuleNumbers.parse("--alpha-pattern", alphaPattern),
            choice("--init", init, Beginning.class),
            willExport.equals("gguf"),
            wholeModules()),
        initAdapter,
        given);
  }

  private List<String> wholeModules() {
    return modulesToSave.isEmpty()
        ? List.of()
        : Arrays.stream(modulesToSave.split(",", -1)).map(String::strip).distinct().toList();
  }

  private AdapterKind kind(Set<String> given) {
    boolean auto = heads.equals("auto");
    boolean headless = !adapter.equals("hydra") && initAdapter == null;
    require(
        !(headless && given.contains("--heads")),
        "--heads with --adapter " + adapter,
        "add --adapter hydra");
    return switch (adapter) {
      case "lora" -> new LoraKind();
      case "rslora" -> new LoraKind(true, false);
      case "lora-fa" -> new LoraKind(false, true);
      case "dora" -> new DoraKind(false);
      case "hydra" -> auto ? HydraKind.AS_DATA_SAYS : new HydraKind(headCount());
      case "vera" ->
          new VeraKind(isOn("--save-projection", saveProjection), projectionKey, initialD);
      default -> throw NacelleException.usage("--adapter " + adapter + " is not possible", KINDS);
    };
  }

  private int headCount() {
    try {
      int count = Integer.parseInt(heads);
      require(
          count >= 1 && count <= HydraKind.MOST_HEADS,
          "--heads " + heads,
          "choose 1 to " + HydraKind.MOST_HEADS + ", or auto");
      return count;
    } catch (NumberFormatException e) {
      throw new NacelleException(
          NacelleException.Kind.USAGE,
          "--heads " + heads + " is no number",
          "choose 1 to " + HydraKind.MOST_HEADS + ", 3 say, or auto",
          e);
    }
  }
}

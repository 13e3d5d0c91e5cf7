package dev.nacelle.train;

import dev.nacelle.NacelleException;
import dev.nacelle.adapter.Beginning;
import dev.nacelle.file.HydraKind;
import dev.nacelle.file.LoraKind;
import dev.nacelle.file.VeraKind;
import dev.nacelle.file.WholeModules;
import java.util.Arrays;
import java.util.Locale;

/**
 * Which values a fine-tuning may have, whoever describes it: the command line and the public
 * interface both ask here. Messages name an option by its flag.
 */
public final class FinetuneRules {
  private static final int HIGHEST_RANK = 65536;

  private FinetuneRules() {}

  /**
   * The options themselves.
   *
   * @throws NacelleException of kind USAGE for the first value that is not possible
   */
  public static FinetuneOptions check(FinetuneOptions options) {
    check(options.adapter());
    checkHeads(options);
    check(options.data());
    check(options.learning());
    checkBalance(options);
    check(options.length());
    check(options.evaluation());
    check(options.saving());
    require(
        options.samplePrompts().stream().noneMatch(String::isBlank),
        "--sample-prompt ''",
        "give it a text");
    return options;
  }

  private static void check(FinetuneOptions.Adapting adapter) {
    require(
        adapter.rank() >= 1 && adapter.rank() <= HIGHEST_RANK,
        "--rank " + adapter.rank(),
        "choose 1 or more, 16 say");
    checkSpecial(adapter);
    require(isFrom(0, adapter.alpha()), "--alpha " + adapter.alpha(), "choose 0 or more, 32 say");
    require(
        adapter.special().ranks().values().values().stream()
            .allMatch(r -> r == Math.rint(r) && r >= 1 && r <= HIGHEST_RANK),
        "--rank-pattern " + adapter.special().ranks().flag(),
        "choose whole ranks of 1 or more");
    require(
        adapter.special().alphas().values().values().stream().allMatch(a -> isFrom(0, a)),
        "--alpha-pattern " + adapter.special().alphas().flag(),
        "choose 0 or more");
    require(
        adapter.dropout() >= 0 && adapter.dropout() < 1,
        "--dropout " + adapter.dropout(),
        "choose 0 or more, below 1");
  }

  /** Heads that the data is to say need data, and no adapter that has said it already. */
  private static void checkHeads(FinetuneOptions options) {
    boolean asked = options.adapter().kind().equals(HydraKind.AS_DATA_SAYS);
    require(
        !asked || options.adapter().init() == null,
        "--heads auto with --init-adapter",
        "leave --heads out: the adapter's own heads hold");
    require(
        !asked || !options.data().files().isEmpty(),
        "--heads auto without --data",
        "add the --data whose topics are to be counted, or choose a number");
  }

  private static void checkSpecial(FinetuneOptions.Adapting adapter) {
    FinetuneOptions.Special special = adapter.special();
    String init = "--init " + special.beginning().name().toLowerCase(Locale.ROOT);
    if (special.beginning() != Beginning.DEFAULT) {
      require(
          adapter.kind() instanceof LoraKind,
          init + " with --adapter " + adapter.kind().word(),
          "choose lora, rslora or lora-fa");
      require(adapter.init() == null, init + " with --init-adapter", "give one of them");
      require(!names(adapter, "lm_head"), init + " on lm_head", "leave it out of --targets");
      require(adapter.alpha() > 0, init + " with --alpha 0", "choose above 0, 32 say");
    }
    if (adapter.kind() instanceof VeraKind vera) {
      require(Double.isFinite(vera.initialD()), "--d-initial " + vera.initialD(), "choose 0.1 say");
      require(
          vera.projectionKey() >= 0,
          "--projection-key " + vera.projectionKey(),
          "choose 0 or more");
      require(
          special.ranks().values().isEmpty() && special.alphas().values().isEmpty(),
          "--rank-pattern or --alpha-pattern with --adapter vera",
          "its layers share matrices of one rank, and it has no alpha");
      require(
          !adapter.given().contains("--alpha"),
          "--alpha with --adapter vera",
          "it has no alpha: leave it out, and choose --d-initial");
    }
    for (String name : special.whole()) {
      require(
          WholeModules.isKnown(name),
          "--modules-to-save " + name,
          "lm_head and embed_tokens train whole");
    }
    require(
        !(special.whole().contains(WholeModules.HEAD) && names(adapter, WholeModules.HEAD)),
        "--modules-to-save lm_head with lm_head among the --targets",
        "train it whole, or adapt it");
    if (special.toGguf()) {
      String why = adapter.kind().whyNotGguf();
      if (why == null && !special.whole().isEmpty()) {
        why =
            "a GGUF adapter holds low-rank pairs alone, and no whole " + special.whole().getFirst();
      }
      if (why == null && names(adapter, "lm_head")) {
        why = "a GGUF adapter cannot express a change of lm_head";
      }
      if (why != null) {
        throw NacelleException.usage(
            "--will-export gguf: " + why,
            "choose lora or rslora without lm_head, or leave --will-export out and merge");
      }
    }
  }

  private static boolean names(FinetuneOptions.Adapting adapter, String target) {
    return Arrays.stream(adapter.targets().split(",")).map(String::strip).anyMatch(target::equals);
  }

  private static void check(FinetuneOptions.DataFlow data) {
    require(data.batchSize() >= 1, "--batch-size " + data.batchSize(), "choose 1 or more");
    require(data.accumulate() >= 1, "--accumulate " + data.accumulate(), "choose 1 or more");
    require(data.maxLength() >= 2, "--max-length " + data.maxLength(), "choose 2 or more");
  }

  private static void check(FinetuneOptions.Learning learning) {
    AdamSettings adam = learning.adam();
    require(isFrom(0, learning.rate()), "--lr " + learning.rate(), "choose 0 or more, 2e-4 say");
    require(isFrom(0, learning.warmup()), "--warmup " + learning.warmup(), "choose 0 or more");
    require(
        isFrom(0, adam.weightDecay()), "--weight-decay " + adam.weightDecay(), "choose 0 or more");
    require(isFrom(0, learning.clip()), "--clip " + learning.clip(), "choose 0 (off) or more");
    require(isFrom(0, adam.eps()), "--eps " + adam.eps(), "choose 0 or more, 1e-8 say");
    require(
        isFrom(0, adam.loraPlusRatio()) && adam.loraPlusRatio() > 0,
        "--lora-plus-ratio " + adam.loraPlusRatio(),
        "choose above 0");
    require(
        isBeta(adam.beta1()) && isBeta(adam.beta2()),
        "--betas " + adam.beta1() + "," + adam.beta2(),
        "give two numbers from 0 on and below 1, 0.9,0.999 say");
  }

  private static void check(FinetuneOptions.Length length) {
    require(length.steps() >= 0, "--steps " + length.steps(), "choose 1 or more");
    require(
        length.steps() > 0 || (isFrom(0, length.epochs()) && length.epochs() > 0),
        "--epochs " + length.epochs(),
        "choose above 0");
  }

  private static void check(FinetuneOptions.Evaluating evaluation) {
    double split = evaluation.split();
    require(split >= 0 && split < 100, "--eval-split " + split, "choose above 0, below 100");
    require(
        evaluation.data().isEmpty() || split == 0,
        "--eval-data with --eval-split",
        "give one of them");
    require(
        evaluation.every() >= 0, "--eval-every " + evaluation.every(), "choose 1 or more steps");
    require(evaluation.patience() >= 0, "--patience " + evaluation.patience(), "choose 1 or more");
    require(
        (evaluation.patience() == 0 && evaluation.every() == 0) || evaluation.isWanted(),
        "--eval-every or --patience without held-out data",
        "add --eval-data or --eval-split");
  }

  private static void check(FinetuneOptions.Saving saving) {
    require(saving.every() >= 0, "--save-every " + saving.every(), "choose 1 or more steps");
    require(saving.keep() >= 1, "--keep " + saving.keep(), "choose 1 or more");
  }

  private static void checkBalance(FinetuneOptions options) {
    double weight = options.learning().balanceWeight();
    require(isFrom(0, weight), "--balance-weight " + weight, "choose 0 or more, 0.05 say");
    boolean mayBeHydra =
        options.adapter().kind() instanceof HydraKind || options.adapter().init() != null;
    require(
        weight == 0 || mayBeHydra,
        "--balance-weight without routers",
        "it goes with --adapter hydra");
  }

  private static boolean isFrom(double least, double value) {
    return Double.isFinite(value) && value >= least;
  }

  private static boolean isBeta(double beta) {
    return beta >= 0 && beta < 1;
  }

  private static void require(boolean holds, String what, String instead) {
    if (!holds) {
      throw NacelleException.usage(what + " is not possible", instead);
    }
  }
}

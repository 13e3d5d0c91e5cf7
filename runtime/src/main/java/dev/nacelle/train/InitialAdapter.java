package dev.nacelle.train;

import dev.nacelle.NacelleException;
import dev.nacelle.adapter.Adapter;
import dev.nacelle.adapter.AdapterFiles;
import dev.nacelle.adapter.Beginning;
import dev.nacelle.adapter.HydraHeads;
import dev.nacelle.adapter.Targets;
import dev.nacelle.adapter.WholeModule;
import dev.nacelle.file.AdapterConfig;
import dev.nacelle.file.AdapterKind;
import dev.nacelle.file.FaultInjector;
import dev.nacelle.file.HydraKind;
import dev.nacelle.file.LoraKind;
import dev.nacelle.file.ModulePattern;
import dev.nacelle.file.PeftAdapter;
import dev.nacelle.file.VeraKind;
import dev.nacelle.file.pull.ModelStore;
import dev.nacelle.tape.Engine;
import dev.nacelle.tensor.Weight;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Function;

/** The adapter that a run begins with: a fresh one, or a saved one. */
public final class InitialAdapter {
  private static final String RANKS = "--rank-pattern";
  private static final String HEAD = "lm_head";
  private static final String ALPHAS = "--alpha-pattern";

  private InitialAdapter() {}

  static Adapter fresh(
      Engine engine,
      List<Adapter.Module> modules,
      FinetuneOptions.Adapting wanted,
      Path baseModel,
      long seed,
      Function<String, Weight> weights,
      Adapter.Progress progress) {
    Plan plan = plan(modules, wanted, baseModel);
    Beginning beginning = wanted.special().beginning();
    Adapter adapter =
        beginning == Beginning.DEFAULT
            ? Adapter.fresh(engine, plan.config, plan.modules, seed, weights)
            : Adapter.fresh(engine, plan.config, beginning, plan.modules, seed, weights, progress);
    return withWhole(engine, adapter, weights);
  }

  private static Adapter withWhole(
      Engine engine, Adapter adapter, Function<String, Weight> weights) {
    return adapter.with(() -> WholeModule.fresh(engine, adapter.config().whole(), weights));
  }

  private record Plan(AdapterConfig config, List<Adapter.Module> modules) {}

  private static Plan plan(
      List<Adapter.Module> modules, FinetuneOptions.Adapting wanted, Path baseModel) {
    Targets targets = Targets.parse(wanted.targets(), wanted.layers());
    List<String> paths = targets.select(modules.stream().map(Adapter.Module::path).toList());
    Set<String> chosen = new HashSet<>(paths);
    refuseHead(wanted.kind(), chosen);
    if (chosen.contains(HEAD) && !wanted.kind().reachesHead()) {
      throw NacelleException.usage(
          "--adapter "
              + wanted.kind().word()
              + " cannot sit on lm_head, which is one with the loss",
          "leave lm_head out of --targets, or choose --adapter lora");
    }
    AdapterConfig config =
        AdapterConfig.of(
            wanted.kind(),
            wanted.rank(),
            wanted.alpha(),
            wanted.dropout(),
            targets.isAllLinear() ? Targets.ends(paths) : targets.names(),
            targets.layers(),
            ModelStore.publishedName(baseModel));
    if (wanted.special().beginning() != Beginning.DEFAULT) {
      modules.stream().filter(m -> chosen.contains(m.path())).forEach(m -> requireRoom(wanted, m));
    }
    requireMeant(RANKS, wanted.special().ranks(), paths);
    requireMeant(ALPHAS, wanted.special().alphas(), paths);
    return new Plan(
        config
            .withPatterns(wanted.special().ranks(), wanted.special().alphas())
            .withWhole(wanted.special().whole()),
        modules.stream().filter(m -> chosen.contains(m.path())).toList());
  }

  private static void refuseHead(AdapterKind kind, Set<String> paths) {
    if (kind instanceof HydraKind && paths.contains(HydraHeads.UNROUTED)) {
      throw NacelleException.usage(
          "--targets names lm_head, and --adapter hydra does not go beside it: the head and the"
              + " loss are one function, which knows a low-rank pair alone",
          "leave lm_head out, or train it with --adapter lora");
    }
  }

  /** A part of a weight has no more directions than the weight. */
  private static void requireRoom(FinetuneOptions.Adapting wanted, Adapter.Module module) {
    int rank = (int) wanted.special().ranks().of(module.path(), wanted.rank());
    if (rank > Math.min(module.out(), module.in())) {
      throw NacelleException.usage(
          "--init %s with rank %d: %s is (%d, %d), which has fewer directions"
              .formatted(
                  wanted.special().beginning().name().toLowerCase(Locale.ROOT),
                  rank,
                  module.path(),
                  module.out(),
                  module.in()),
          "choose a smaller --rank, or give this layer its own with --rank-pattern");
    }
  }

  private static void requireMeant(String flag, ModulePattern pattern, List<String> paths) {
    for (String key : pattern.values().keySet()) {
      if (paths.stream().noneMatch(path -> ModulePattern.means(key, path))) {
        throw NacelleException.usage(
            flag + ": no adapted layer ends in '" + key + "'",
            "the adapted layers end in " + String.join(", ", Targets.ends(paths)));
      }
    }
  }

  /**
   * The adapter that a run would begin with, without its elements.
   *
   * @param weights of the model, of which only the shapes are looked at
   */
  public static Adapter unset(
      Engine engine,
      List<Adapter.Module> modules,
      FinetuneOptions options,
      Function<String, Weight> weights) {
    FinetuneOptions.Adapting wanted = options.adapter();
    Path init = wanted.init();
    if (init == null) {
      Plan plan = plan(modules, wanted, options.model());
      boolean takesPart = wanted.special().beginning() != Beginning.DEFAULT;
      return withWhole(
          engine, Adapter.unset(engine, plan.config, takesPart, plan.modules), weights);
    }
    AdapterConfig saved = PeftAdapter.readConfig(init);
    Set<String> meant =
        PeftAdapter.adapted(init, saved, modules.stream().map(Adapter.Module::path).toList());
    Adapter adapter =
        Adapter.unset(
            engine,
            saved.withKind(kind(wanted, saved.kind())),
            false,
            modules.stream().filter(m -> meant.contains(m.path())).toList());
    return withWhole(engine, adapter, weights);
  }

  /** The kind that a saved adapter is trained as: freezing A is a matter of the run. */
  private static AdapterKind kind(FinetuneOptions.Adapting wanted, AdapterKind saved) {
    boolean freezesA = wanted.kind() instanceof LoraKind lora && lora.freezesA();
    return freezesA && saved instanceof LoraKind lora
        ? new LoraKind(lora.isRankStabilised(), true)
        : saved;
  }

  /** The adapter of the run's own checkpoint. */
  static Adapter resumed(
      Engine engine,
      Path folder,
      List<Adapter.Module> modules,
      FinetuneOptions.Adapting wanted,
      long seed,
      FaultInjector faults) {
    return wanted.special().beginning() == Beginning.DEFAULT
        ? AdapterFiles.load(engine, folder, kind -> kind(wanted, kind), modules, seed, faults)
        : AdapterFiles.loadHalves(
            engine, folder, kind -> kind(wanted, kind), modules, seed, faults);
  }

  /**
   * Loads a saved adapter; its kind, rank, alpha and targets hold.
   *
   * @throws NacelleException of kind USAGE where a flag that was typed disagrees with it
   */
  static Adapter load(
      Engine engine,
      Path folder,
      List<Adapter.Module> modules,
      FinetuneOptions.Adapting wanted,
      long seed,
      FaultInjector faults) {
    AdapterConfig saved = PeftAdapter.readConfig(folder);
    String word = kind(wanted, saved.kind()).word();
    agree(wanted, "--adapter", wanted.kind().word().equals(word), "kind " + saved.kind().word());
    agreeOnVera(wanted, saved.kind());
    int heads = saved.kind() instanceof HydraKind hydra ? hydra.heads() : 0;
    if (saved.kind() instanceof HydraKind || wanted.kind() instanceof HydraKind) {
      agree(wanted, "--heads", wanted.kind().equals(saved.kind()), "heads " + heads);
    }
    agree(wanted, "--rank", wanted.rank() == saved.rank(), "rank " + saved.rank());
    agree(wanted, "--alpha", wanted.alpha() == saved.alpha(), "alpha " + saved.alpha());
    FinetuneOptions.Special special = wanted.special();
    agree(
        wanted,
        "--modules-to-save",
        special.whole().equals(saved.whole()),
        saved.whole().isEmpty() ? "none" : String.join(",", saved.whole()));
    agree(wanted, RANKS, special.ranks().equals(saved.ranks()), said(saved.ranks()));
    agree(wanted, ALPHAS, special.alphas().equals(saved.alphas()), said(saved.alphas()));
    Adapter loaded = resumed(engine, folder, modules, wanted, seed, faults);
    try {
      agreeOnTargets(modules, wanted, loaded);
    } catch (RuntimeException e) {
      loaded.close();
      throw e;
    }
    return wanted.given().contains("--dropout") ? loaded.withDropout(wanted.dropout()) : loaded;
  }

  private static void agreeOnVera(FinetuneOptions.Adapting wanted, AdapterKind saved) {
    if (wanted.kind() instanceof VeraKind asked && saved instanceof VeraKind there) {
      agree(
          wanted,
          "--projection-key",
          asked.projectionKey() == there.projectionKey(),
          "the key " + there.projectionKey());
      agree(
          wanted,
          "--save-projection",
          asked.savesProjection() == there.savesProjection(),
          there.savesProjection() ? "its matrices in the file" : "no matrices in the file");
      agree(
          wanted,
          "--d-initial",
          asked.initialD() == there.initialD(),
          "d begun at " + there.initialD());
    }
  }

  private static String said(ModulePattern pattern) {
    return pattern.values().isEmpty() ? "none" : pattern.flag();
  }

  private static void agreeOnTargets(
      List<Adapter.Module> modules, FinetuneOptions.Adapting wanted, Adapter loaded) {
    if (!wanted.given().contains("--targets") && !wanted.given().contains("--layers")) {
      return;
    }
    List<String> chosen =
        Targets.parse(wanted.targets(), wanted.layers())
            .select(modules.stream().map(Adapter.Module::path).toList());
    List<String> there = loaded.modulePaths();
    if (!new HashSet<>(chosen).equals(new HashSet<>(there))) {
      throw NacelleException.usage(
          "--targets and --layers mean other modules than the adapter to start from has",
          "leave them out: its targets " + String.join(",", Targets.ends(there)) + " hold");
    }
  }

  private static void agree(
      FinetuneOptions.Adapting wanted, String flag, boolean agrees, String saved) {
    if (wanted.given().contains(flag) && !agrees) {
      throw NacelleException.usage(
          flag + " disagrees with the adapter to start from, which has " + saved,
          "leave " + flag + " out");
    }
  }
}

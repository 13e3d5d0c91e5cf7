package dev.nacelle.train;

import dev.nacelle.NacelleException;
import dev.nacelle.adapter.Adapter;
import dev.nacelle.adapter.AdapterFiles;
import dev.nacelle.adapter.HydraHeads;
import dev.nacelle.adapter.Targets;
import dev.nacelle.file.AdapterConfig;
import dev.nacelle.file.AdapterKind;
import dev.nacelle.file.FaultInjector;
import dev.nacelle.file.HydraKind;
import dev.nacelle.file.PeftAdapter;
import dev.nacelle.file.pull.ModelStore;
import dev.nacelle.tape.Engine;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** The adapter that a run begins with: a fresh one, or a saved one. */
public final class InitialAdapter {
  private InitialAdapter() {}

  static Adapter fresh(
      Engine engine,
      List<Adapter.Module> modules,
      FinetuneOptions.Adapting wanted,
      Path baseModel,
      long seed) {
    Plan plan = plan(modules, wanted, baseModel);
    return Adapter.fresh(engine, plan.config, plan.modules, seed);
  }

  private record Plan(AdapterConfig config, List<Adapter.Module> modules) {}

  private static Plan plan(
      List<Adapter.Module> modules, FinetuneOptions.Adapting wanted, Path baseModel) {
    Targets targets = Targets.parse(wanted.targets(), wanted.layers());
    List<String> paths = targets.select(modules.stream().map(Adapter.Module::path).toList());
    Set<String> chosen = new HashSet<>(paths);
    refuseHead(wanted.kind(), chosen);
    AdapterConfig config =
        AdapterConfig.of(
            wanted.kind(),
            wanted.rank(),
            wanted.alpha(),
            wanted.dropout(),
            targets.isAllLinear() ? Targets.ends(paths) : targets.names(),
            targets.layers(),
            ModelStore.publishedName(baseModel));
    return new Plan(config, modules.stream().filter(m -> chosen.contains(m.path())).toList());
  }

  private static void refuseHead(AdapterKind kind, Set<String> paths) {
    if (kind instanceof HydraKind && paths.contains(HydraHeads.UNROUTED)) {
      throw NacelleException.usage(
          "--targets names lm_head, and --adapter hydra does not go beside it: the head and the"
              + " loss are one function, which knows a low-rank pair alone",
          "leave lm_head out, or train it with --adapter lora");
    }
  }

  /**
   * The adapter that a run would begin with, without its elements; for one that starts from a saved
   * adapter, a fresh one of that rank on its targets.
   */
  public static Adapter unset(
      Engine engine, List<Adapter.Module> modules, FinetuneOptions options) {
    FinetuneOptions.Adapting wanted = options.adapter();
    Path init = wanted.init();
    if (init != null) {
      AdapterConfig saved = PeftAdapter.readConfig(init);
      wanted =
          new FinetuneOptions.Adapting(
              saved.kind(),
              saved.rank(),
              saved.alpha(),
              saved.dropout(),
              saved.targets().isEmpty() ? wanted.targets() : String.join(",", saved.targets()),
              wanted.layers(),
              init,
              wanted.given());
    }
    Plan plan = plan(modules, wanted, options.model());
    return Adapter.unset(engine, plan.config, plan.modules);
  }

  /**
   * Loads a saved adapter; its rank, alpha and targets hold.
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
    String kind = saved.kind().word();
    agree(wanted, "--adapter", wanted.kind().word().equals(kind), "kind " + kind);
    int heads = saved.kind() instanceof HydraKind hydra ? hydra.heads() : 0;
    agree(wanted, "--heads", wanted.kind().equals(saved.kind()), "heads " + heads);
    agree(wanted, "--rank", wanted.rank() == saved.rank(), "rank " + saved.rank());
    agree(wanted, "--alpha", wanted.alpha() == saved.alpha(), "alpha " + saved.alpha());
    Adapter loaded = AdapterFiles.load(engine, folder, modules, seed, faults);
    try {
      agreeOnTargets(modules, wanted, loaded);
    } catch (RuntimeException e) {
      loaded.close();
      throw e;
    }
    return wanted.given().contains("--dropout") ? loaded.withDropout(wanted.dropout()) : loaded;
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

package dev.nacelle.embedding;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.AdapterBeginning;
import dev.nacelle.AdapterType;
import dev.nacelle.ComputeType;
import dev.nacelle.Evaluation;
import dev.nacelle.FinetuneEvent;
import dev.nacelle.FinetuneSummary;
import dev.nacelle.FinetuningBuilder;
import dev.nacelle.Generation;
import dev.nacelle.LanguageModel;
import dev.nacelle.Nacelle;
import dev.nacelle.NacelleException;
import dev.nacelle.WeightedAdapter;
import dev.nacelle.cli.Main;
import dev.nacelle.commandline.Fixtures;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Adapters of every kind through the library: trained, and changed while their base stays open. */
final class AdaptersTest {
  private static final int ROUNDS = 4;

  private final List<Long> before = Tiny.held();

  @TempDir private Path folder;

  @AfterEach
  void nothingIsHeld() {
    assertEquals(before, Tiny.held(), "buffers, bytes and handles that are still held");
  }

  /** A kind by the builder, and by the command's flags. */
  private record Kind(UnaryOperator<FinetuningBuilder> options, String flags) {}

  private static Map<String, Kind> kinds() {
    Map<String, Kind> kinds = new TreeMap<>();
    kinds.put("rslora", new Kind(b -> b.optAdapter(AdapterType.RSLORA), "--adapter rslora"));
    kinds.put("lora-fa", new Kind(b -> b.optAdapter(AdapterType.LORA_FA), "--adapter lora-fa"));
    kinds.put("dora", new Kind(b -> b.optAdapter(AdapterType.DORA), "--adapter dora"));
    kinds.put("vera", new Kind(b -> b.optAdapter(AdapterType.VERA), "--adapter vera"));
    kinds.put("pissa", new Kind(b -> b.optInit(AdapterBeginning.PISSA), "--init pissa"));
    kinds.put("olora", new Kind(b -> b.optInit(AdapterBeginning.OLORA), "--init olora"));
    kinds.put(
        "hydra",
        new Kind(
            b -> b.optAdapter(AdapterType.HYDRA).optHeads(2).optBalanceWeight(0.1),
            "--adapter hydra --heads 2 --balance-weight 0.1"));
    kinds.put(
        "hydra-one",
        new Kind(b -> b.optAdapter(AdapterType.HYDRA).optHeads(1), "--adapter hydra --heads 1"));
    kinds.put(
        "hydra-auto",
        new Kind(
            b -> b.optAdapter(AdapterType.HYDRA).optHeadsByData(), "--adapter hydra --heads auto"));
    return kinds;
  }

  /** Trains with the library. */
  private Path trained(Nacelle nacelle, String name, List<FinetuneEvent> events) {
    Path out = folder.resolve(name);
    Kind kind = kinds().getOrDefault(name, new Kind(b -> b, ""));
    FinetuningBuilder builder = Tiny.finetuning(out, 3).optSteps(4).optLearningRate(0.01);
    FinetuneSummary summary =
        nacelle.finetune(kind.options.apply(builder).build(), events::add).run();
    assertEquals(4, summary.steps());
    return out;
  }

  @Test
  void everyKindTrainsAsTheCommandLineDoes() {
    try (Nacelle nacelle = Nacelle.open(1)) {
      kinds()
          .forEach(
              (name, kind) -> {
                List<FinetuneEvent> events = new ArrayList<>();
                String bytes = Tiny.adapter(trained(nacelle, name, events));
                Path out = folder.resolve(name + "-cli");
                String flags =
                    "finetune -q --steps 4 --rank 4 --dropout 0.1 --batch-size 2 --accumulate 2"
                        + " --seed 3 --lr 0.01 --threads 1 "
                        + kind.flags;
                List<String> command = new ArrayList<>(List.of(flags.split(" ")));
                command.addAll(List.of("--model", Tiny.MODEL.toString()));
                command.addAll(List.of("--data", Tiny.DATA.toString(), "--out", out.toString()));
                assertEquals(0, Main.run(command.toArray(String[]::new)));
                assertEquals(Tiny.adapter(out), bytes, name);
                boolean chosen =
                    events.stream().anyMatch(FinetuneEvent.HeadsChosen.class::isInstance);
                assertEquals(name.equals("hydra-auto"), chosen, name);
              });
    }
  }

  /** What a model says and what it measures. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Said(int[] ids, double loss) {
    static Said by(LanguageModel model) {
      return new Said(
          model.generate(Generation.ofPrompt("Q: ").optMaxNewTokens(6).build()).ids(),
          model.evaluate(Evaluation.builder().setData(Tiny.DATA).build()).loss());
    }

    void hold(Said other, String what) {
      assertArrayEquals(ids, other.ids, what);
      assertEquals(loss, other.loss, what);
    }
  }

  @Test
  void adaptersChangeWhileTheBaseStaysOpen() {
    try (Nacelle nacelle = Nacelle.open(1)) {
      Map<String, Path> trained = new TreeMap<>();
      for (String name : List.of("lora", "rslora", "dora", "hydra", "hydra-one", "vera")) {
        trained.put(name, trained(nacelle, name, new ArrayList<>()));
      }
      List<List<WeightedAdapter>> sets = new ArrayList<>(List.of(List.of()));
      trained.values().forEach(adapter -> sets.add(List.of(WeightedAdapter.of(adapter))));
      sets.add(weighted(trained, "lora", 0.5));
      sets.add(weighted(trained, "hydra", 0.5));
      sets.add(weighted(trained, "lora", 0.7, "rslora", 0.3));
      sets.add(weighted(trained, "lora", -1, "hydra-one", 2, "vera", 1));
      List<Said> fresh = new ArrayList<>();
      for (List<WeightedAdapter> set : sets) {
        try (LanguageModel model =
            nacelle.openModel(Tiny.MODEL, ComputeType.FP32, set.toArray(WeightedAdapter[]::new))) {
          fresh.add(Said.by(model));
        }
      }
      // All differ but HydraLoRA of one head from LoRA, which it is.
      assertEquals(sets.size() - 1, fresh.stream().map(Said::loss).distinct().count());
      long seed = System.nanoTime();
      System.out.println("adapters in an order of seed " + seed);
      Random random = new Random(seed);
      try (LanguageModel model = nacelle.openModel(Tiny.MODEL, ComputeType.FP32)) {
        long bare = nacelle.memoryUse().liveBytes();
        List<Long> held = List.of();
        for (int round = 0; round < ROUNDS; round++) {
          List<Integer> order = new ArrayList<>();
          for (int i = 0; i < sets.size(); i++) {
            order.add(i);
          }
          Collections.shuffle(order, random);
          for (int i : order) {
            model.adapt(sets.get(i));
            fresh.get(i).hold(Said.by(model), "seed " + seed + ", round " + round + ", set " + i);
          }
          EngineTest.assertKind(
              NacelleException.Kind.INPUT,
              "absent",
              () -> model.adapt(List.of(WeightedAdapter.of(folder.resolve("absent")))));
          fresh.getFirst().hold(Said.by(model), "without adapters after a refusal");
          assertEquals(bare, nacelle.memoryUse().liveBytes(), "tensors of round " + round);
          held = round == 0 ? Tiny.held() : held;
          // The first round may have fetched pages that later ones go on with.
          assertTrue(Tiny.held().get(1) <= held.get(1), "bytes: " + Tiny.held() + " after " + held);
          assertEquals(held.get(0), Tiny.held().get(0), "buffers of round " + round);
        }
      }
    }
  }

  private static List<WeightedAdapter> weighted(Map<String, Path> trained, Object... pairs) {
    List<WeightedAdapter> set = new ArrayList<>();
    for (int i = 0; i < pairs.length; i += 2) {
      Path adapter = trained.getOrDefault((String) pairs[i], Path.of(""));
      set.add(new WeightedAdapter(adapter, ((Number) pairs[i + 1]).doubleValue()));
    }
    return set;
  }

  @Test
  void whatCannotBeIsUsage() {
    Path out = folder.resolve("o");
    EngineTest.assertKind(
        NacelleException.Kind.USAGE,
        "--heads without HydraLoRA",
        () -> Tiny.finetuning(out, 0).optHeads(2).build());
    EngineTest.assertKind(
        NacelleException.Kind.USAGE,
        "--heads 0",
        () -> Tiny.finetuning(out, 0).optAdapter(AdapterType.HYDRA).optHeads(0).build());
    EngineTest.assertKind(
        NacelleException.Kind.USAGE,
        "--balance-weight",
        () -> Tiny.finetuning(out, 0).optBalanceWeight(0.1).build());
    EngineTest.assertKind(
        NacelleException.Kind.USAGE,
        "--init pissa",
        () ->
            Tiny.finetuning(out, 0)
                .optAdapter(AdapterType.DORA)
                .optInit(AdapterBeginning.PISSA)
                .build());
    EngineTest.assertKind(
        NacelleException.Kind.USAGE,
        "--heads auto with --init-adapter",
        () ->
            Tiny.finetuning(out, 0)
                .optAdapter(AdapterType.HYDRA)
                .optHeadsByData()
                .optInitAdapter(Fixtures.example("plain-qv").resolve("init"))
                .build());
  }
}

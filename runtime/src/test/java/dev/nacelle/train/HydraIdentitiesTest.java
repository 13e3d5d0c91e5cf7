package dev.nacelle.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.adapter.Adapter;
import dev.nacelle.adapter.HydraHeads;
import dev.nacelle.adapter.RouterUse;
import dev.nacelle.data.PackedBatch;
import dev.nacelle.file.AdapterConfig;
import dev.nacelle.file.AdapterKind;
import dev.nacelle.file.HydraKind;
import dev.nacelle.file.LoraKind;
import dev.nacelle.kernels.backend.Kernels;
import dev.nacelle.layer.KeyValueCache;
import dev.nacelle.memory.AllocationFault;
import dev.nacelle.memory.Allocator;
import dev.nacelle.memory.LedgerClass;
import dev.nacelle.memory.Strategy;
import dev.nacelle.memory.Strategy.Recompute;
import dev.nacelle.model.DecoderModel;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.tape.Engine;
import dev.nacelle.tape.Parameter;
import dev.nacelle.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** What must hold of HydraLoRA whatever it learns (Tian et al. 2024, arXiv 2404.19245). */
final class HydraIdentitiesTest {
  private static final Schedule SCHEDULE = Schedule.of(Schedule.Kind.CONSTANT, 1e-2, 0, 100);

  private static List<PackedBatch> batches() {
    return List.of(
        TrainingRig.batch(new SplittableRandom(5), 9, 17),
        TrainingRig.batch(new SplittableRandom(6), 12));
  }

  private static DecoderModel model(TrainingRig rig, DType compute) {
    return rig.model(TrainingRig.config(48, 112, 16, 8, 3, true), DType.FP32, compute);
  }

  private static Trainer trainer(
      TrainingRig rig, DecoderModel model, Adapter adapter, double weight) {
    TrainSettings settings = new TrainSettings(SCHEDULE, AdamSettings.DEFAULT, 1, weight);
    return rig.own(new Trainer(rig.engine(), model, adapter, settings));
  }

  private static List<HydraHeads> heads(Adapter adapter) {
    return adapter.layers().stream().map(HydraHeads.class::cast).toList();
  }

  /** The table of the paper: q and v of LLaMA2-7B, rank 8, three heads, the router not counted. */
  @Test
  void parametersAreThoseOfThePaper() {
    List<Adapter.Module> modules = new ArrayList<>();
    for (int layer = 0; layer < 32; layer++) {
      for (String name : List.of("q_proj", "v_proj")) {
        modules.add(new Adapter.Module("model.layers." + layer + ".self_attn." + name, 4096, 4096));
      }
    }
    assertEquals(4_194_304, elements(new LoraKind(), modules));
    long routers = 64L * 3 * 4096;
    assertEquals(8_388_608 + routers, elements(new HydraKind(3), modules));
    assertEquals(
        64L * (8 * 4096 + 10 * 4096 * 8 + 10 * 4096), elements(new HydraKind(10), modules));
  }

  private static long elements(AdapterKind kind, List<Adapter.Module> modules) {
    AdapterConfig config = AdapterConfig.of(kind, 8, 32, 0, List.of(), List.of(), null);
    long inFile = 0;
    for (AdapterKind.Part part : kind.parts(8, 4096, 4096)) {
      inFile += part.shape()[0] * part.shape()[1] * modules.size();
    }
    try (Engine engine = new Engine(Kernels.reference(), Allocator.rehearsing());
        Adapter adapter = Adapter.unset(engine, config, false, modules)) {
      long elements = adapter.parameters().stream().mapToLong(p -> p.value().elements()).sum();
      assertEquals(inFile, elements);
      return elements;
    }
  }

  @Test
  void atTheStartTheModelIsItsBase() {
    for (DType compute : new DType[] {DType.FP32, DType.BF16}) {
      try (TrainingRig rig = new TrainingRig(AllocationFault.NONE)) {
        DecoderModel model = model(rig, compute);
        float[] base = logits(model);
        rig.adapt(model, new HydraKind(3), 4, 0.1, "all-linear", "");
        assertArrayEquals(base, logits(model), 0f, compute.label());
      }
    }
  }

  private static float[] logits(DecoderModel model) {
    try (KeyValueCache cache = model.newCache(8)) {
      return model.nextLogits(cache, 3, 1, 4, 1, 5);
    }
  }

  /** One head's softmax is 1: the same A, the same masks, the same curve. */
  @Test
  void oneHeadIsLoraBitForBit() {
    for (Strategy strategy :
        List.of(
            Strategy.FASTEST,
            Strategy.FASTEST.withRecompute(Recompute.BLOCK, 3),
            Strategy.FASTEST.withRecompute(Recompute.MLP, 3))) {
      List<float[]> lora = trained(new LoraKind(), strategy);
      List<float[]> hydra = trained(new HydraKind(1), strategy);
      assertEquals(lora.size(), hydra.size());
      for (int i = 0; i < lora.size(); i++) {
        assertArrayEquals(lora.get(i), hydra.get(i), 0f, strategy + " " + i);
      }
    }
  }

  /** The losses of 25 steps, then every A and B. */
  private static List<float[]> trained(AdapterKind kind, Strategy strategy) {
    List<float[]> all = new ArrayList<>();
    try (TrainingRig rig = new TrainingRig(AllocationFault.NONE)) {
      DecoderModel model = model(rig, DType.FP32);
      Adapter adapter = rig.adapt(model, kind, 4, 0.1, "all-linear", "");
      Trainer trainer = trainer(rig, model, adapter, 0);
      trainer.use(strategy);
      for (int step = 0; step < 25; step++) {
        StepRecord done = trainer.step(batches());
        all.add(new float[] {(float) done.loss(), (float) done.gradNorm()});
      }
      for (Parameter p : adapter.parameters()) {
        if (!p.name().endsWith(HydraKind.ROUTER)) {
          all.add(p.value().toFloats());
        }
      }
    }
    return all;
  }

  /** Recomputing, cutting a micro-batch in two and keeping moments elsewhere change no bit. */
  @Test
  void everyExactStrategyComesToTheSameBits() {
    List<float[]> fastest = trained(new HydraKind(3), Strategy.FASTEST);
    for (Strategy strategy :
        List.of(
            Strategy.FASTEST.withRecompute(Recompute.BLOCK, 3),
            Strategy.FASTEST.withRecompute(Recompute.MLP, 2),
            Strategy.FASTEST.withSegments(3, 2))) {
      List<float[]> other = trained(new HydraKind(3), strategy);
      for (int i = 0; i < fastest.size(); i++) {
        assertArrayEquals(fastest.get(i), other.get(i), 0f, strategy + " " + i);
      }
    }
  }

  @Test
  void headsPartByTheRouterAlone() {
    try (TrainingRig rig = new TrainingRig(AllocationFault.NONE)) {
      DecoderModel model = model(rig, DType.FP32);
      Adapter adapter = rig.adapt(model, new HydraKind(3), 4, 0, "all-linear", "");
      Trainer trainer = trainer(rig, model, adapter, 0);
      List<Double> routerNorms = new ArrayList<>();
      trainer.observeGradients(a -> routerNorms.add(routerNorm(a)));
      trainer.step(batches());
      for (HydraHeads layer : heads(adapter)) {
        assertFalse(Arrays.equals(head(layer, 0), head(layer, 1)), layer.modulePath());
        assertFalse(Arrays.equals(head(layer, 0), head(layer, 2)), layer.modulePath());
        assertFalse(Arrays.equals(head(layer, 1), head(layer, 2)), layer.modulePath());
      }
      trainer.step(batches());
      assertEquals(0.0, routerNorms.get(0), "all heads are 0: no weight of theirs matters yet");
      assertTrue(routerNorms.get(1) > 1e-6, "step 2: " + routerNorms.get(1));
    }
  }

  private static double routerNorm(Adapter adapter) {
    double squares = 0;
    for (HydraHeads layer : heads(adapter)) {
      for (float g : Objects.requireNonNull(layer.router().gradient()).toFloats()) {
        squares += (double) g * g;
      }
    }
    return Math.sqrt(squares);
  }

  @Test
  void aZeroRouterKeepsHeadsIdentical() {
    try (TrainingRig rig = new TrainingRig(AllocationFault.NONE)) {
      DecoderModel model = model(rig, DType.FP32);
      Adapter adapter = rig.adapt(model, new HydraKind(4), 4, 0.1, "all-linear", "");
      for (HydraHeads layer : heads(adapter)) {
        layer.router().value().fill(new float[(int) layer.router().value().elements()]);
      }
      Trainer trainer = trainer(rig, model, adapter, 0);
      for (int step = 0; step < 4; step++) {
        trainer.step(batches());
      }
      for (HydraHeads layer : heads(adapter)) {
        for (int e = 1; e < 4; e++) {
          assertArrayEquals(head(layer, 0), head(layer, e), 1e-6f, layer.modulePath());
        }
        for (float r : layer.router().value().toFloats()) {
          assertEquals(0f, r, layer.modulePath());
        }
      }
    }
  }

  private static float[] head(HydraHeads layer, int e) {
    float[] all = layer.bs().value().toFloats();
    int width = (int) layer.bs().value().size(1);
    int rank = width / layer.heads();
    float[] own = new float[all.length / layer.heads()];
    for (int row = 0; row < all.length / width; row++) {
      System.arraycopy(all, row * width + e * rank, own, row * rank, rank);
    }
    return own;
  }

  /** Routers that know nothing yet are near even; all that is counted lies in its bounds. */
  @Test
  void routersAreCountedOnceATokenAndStep() {
    for (Recompute recompute : new Recompute[] {Recompute.NOTHING, Recompute.BLOCK}) {
      try (TrainingRig rig = new TrainingRig(AllocationFault.NONE)) {
        DecoderModel model = model(rig, DType.FP32);
        Adapter adapter = rig.adapt(model, new HydraKind(3), 4, 0.1, "all-linear", "");
        Trainer trainer = trainer(rig, model, adapter, 0);
        trainer.use(Strategy.FASTEST.withRecompute(recompute, 3));
        assertEquals(List.of(), trainer.routers());
        trainer.step(batches());
        assertEquals(21, trainer.routers().size());
        for (RouterUse use : trainer.routers()) {
          assertEquals(1, Arrays.stream(use.usage()).sum(), 1e-6, use.modulePath());
          assertTrue(use.evenness() > 0.3 && use.evenness() <= 1 + 1e-9, use.toString());
          assertTrue(use.entropy() <= Math.log(3) + 1e-9, use.toString());
          assertTrue(use.margin() >= 0 && use.margin() < 1, use.toString());
          assertTrue(use.balance() >= 0.2 && use.balance() <= 1, use.toString());
          assertFalse(use.isCollapsed());
        }
      }
    }
  }

  @Test
  void aRouterThatOnlyEverTakesOneHeadHasCollapsed() {
    try (TrainingRig rig = new TrainingRig(AllocationFault.NONE)) {
      DecoderModel model = model(rig, DType.FP32);
      Adapter adapter = rig.adapt(model, new HydraKind(2), 4, 0, "q_proj", "0");
      HydraHeads layer = heads(adapter).getFirst();
      Tensor omega = omega(rig, 0.99f, 0.01f, 0.97f, 0.03f);
      Tensor pull = omega(rig, 0f, 0f, 0f, 0f);
      layer.watch().beforePass(0);
      layer.watch().watch(omega, pull);
      RouterUse use = layer.watch().take();
      assertTrue(use.isCollapsed());
      assertEquals(0, use.topHead());
      assertEquals(0.98, use.usage()[0], 1e-6);
      assertEquals(0.96, use.margin(), 1e-6);
      assertEquals(0.98, use.balance(), 1e-6);
      assertArrayEquals(new float[4], pull.toFloats());
    }
  }

  /** With f held, the balance Σ p̄·f pulls ω_te by weight · f_e / tokens. */
  @Test
  void theBalancePullsByTheShareOfChoices() {
    try (TrainingRig rig = new TrainingRig(AllocationFault.NONE)) {
      DecoderModel model = model(rig, DType.FP32);
      HydraHeads layer = heads(rig.adapt(model, new HydraKind(2), 4, 0, "q_proj", "0")).getFirst();
      Tensor omega = omega(rig, 0.9f, 0.1f, 0.6f, 0.4f, 0.2f, 0.8f, 0.7f, 0.3f);
      Tensor pull = omega(rig, new float[8]);
      layer.watch().beforePass(0.5f);
      layer.watch().watch(omega, pull);
      assertEquals(0.6 * 0.75 + 0.4 * 0.25, layer.watch().take().balance(), 1e-6);
      float first = 0.5f * 0.75f / 4;
      float second = 0.5f * 0.25f / 4;
      assertArrayEquals(
          new float[] {first, second, first, second, first, second, first, second},
          pull.toFloats(),
          1e-7f);
    }
  }

  private static Tensor omega(TrainingRig rig, float... values) {
    Tensor tensor =
        rig.engine().allocator().of(LedgerClass.WORKSPACE, values, values.length / 2, 2);
    rig.own(tensor::release);
    return tensor;
  }

  /**
   * Heads of zeros hide their routers from the text's loss: all that is left of a router's gradient
   * is the balance's, a mean over layers and tokens, and central differences of what is counted say
   * the same.
   */
  @Test
  void theBalancesGradientIsThatOfDifferences() {
    double weight = 3;
    try (TrainingRig rig = new TrainingRig(AllocationFault.NONE)) {
      DecoderModel model = model(rig, DType.FP32);
      Adapter adapter = rig.adapt(model, new HydraKind(3), 4, 0, "q_proj,down_proj", "");
      Schedule still = Schedule.of(Schedule.Kind.CONSTANT, 0, 0, 10_000);
      TrainSettings settings = new TrainSettings(still, AdamSettings.DEFAULT, 0, weight);
      Trainer trainer = rig.own(new Trainer(rig.engine(), model, adapter, settings));
      List<float[]> gradients = new ArrayList<>();
      trainer.observeGradients(
          a -> {
            gradients.clear();
            for (HydraHeads layer : heads(a)) {
              gradients.add(Objects.requireNonNull(layer.router().gradient()).toFloats());
            }
          });
      trainer.step(batches());
      List<float[]> analytic = List.copyOf(gradients);
      int checked = 0;
      for (int l = 0; l < analytic.size(); l++) {
        Tensor router = heads(adapter).get(l).router().value();
        float[] before = router.toFloats();
        for (int i = 0; i < before.length; i += before.length / 5 + 1) {
          double[] balance = new double[3];
          for (int sign = -1; sign <= 1; sign++) {
            float[] moved = before.clone();
            moved[i] += sign * 2e-3f;
            router.fill(moved);
            trainer.step(batches());
            balance[sign + 1] = trainer.routers().get(l).balance();
          }
          router.fill(before);
          // Where a token's first head changes the count of choices jumps, which has no slope.
          if (Math.abs(balance[0] - 2 * balance[1] + balance[2]) < 1e-6) {
            double slope = (balance[2] - balance[0]) / 4e-3;
            double expected = weight / analytic.size() * slope;
            assertEquals(expected, analytic.get(l)[i], 0.02 * Math.abs(expected) + 3e-6);
            checked += Math.abs(expected) > 5e-5 ? 1 : 0;
          }
        }
      }
      assertTrue(checked >= 10, "only " + checked + " slopes were not flat");
    }
  }

  /** A weight on the balance spreads tokens, and the loss that is reported stays the text's. */
  @Test
  void aBalanceSpreadsTokensOverHeads() {
    double[] balance = new double[2];
    double[] first = new double[2];
    for (int on = 0; on < 2; on++) {
      try (TrainingRig rig = new TrainingRig(AllocationFault.NONE)) {
        DecoderModel model = model(rig, DType.FP32);
        Adapter adapter = rig.adapt(model, new HydraKind(3), 4, 0, "all-linear", "");
        Trainer trainer = trainer(rig, model, adapter, on * 10.0);
        first[on] = trainer.step(batches()).loss();
        for (int step = 0; step < 30; step++) {
          trainer.step(batches());
        }
        balance[on] =
            trainer.routers().stream().mapToDouble(RouterUse::balance).average().orElseThrow();
      }
    }
    assertEquals(first[0], first[1]);
    assertTrue(balance[1] < balance[0], balance[1] + " against " + balance[0]);
  }
}

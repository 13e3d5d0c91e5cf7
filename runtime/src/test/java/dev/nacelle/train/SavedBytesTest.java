package dev.nacelle.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.adapter.Adapter;
import dev.nacelle.data.PackedBatch;
import dev.nacelle.file.AdapterKind;
import dev.nacelle.file.DoraKind;
import dev.nacelle.file.HydraKind;
import dev.nacelle.file.LoraKind;
import dev.nacelle.file.VeraKind;
import dev.nacelle.memory.AllocationFault;
import dev.nacelle.memory.Ledger;
import dev.nacelle.memory.LedgerClass;
import dev.nacelle.memory.Strategy;
import dev.nacelle.model.DecoderModel;
import dev.nacelle.model.ModelConfig;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeMemory;
import dev.nacelle.tape.Tape;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a forward pass leaves on the ledger for backward, and what a step leaves behind. */
final class SavedBytesTest {
  private static final long SEED = 20261123;

  /** Bytes of activations held between forward and backward. */
  private static long saved(
      ModelConfig config, DType weights, DType compute, double dropout, String layers, int rows) {
    return saved(config, weights, compute, new LoraKind(), 16, dropout, layers, rows);
  }

  private static long saved(
      ModelConfig config,
      DType weights,
      DType compute,
      AdapterKind kind,
      int rank,
      double dropout,
      String layers,
      int rows) {
    long buffers = NativeMemory.liveBuffers();
    long held;
    try (TrainingRig rig = new TrainingRig(AllocationFault.NONE)) {
      DecoderModel model = rig.model(config, weights, compute);
      rig.adapt(model, kind, rank, dropout, "all-linear", layers);
      PackedBatch batch = TrainingRig.batch(new SplittableRandom(SEED), rows);
      Ledger ledger = rig.engine().ledger();
      try (Tape tape = rig.engine().record()) {
        model.losses(tape, Strategy.FASTEST, Batches.row(batch), 1f, true, 0);
        held = ledger.live(LedgerClass.ACTIVATIONS);
        assertEquals(0, ledger.live(LedgerClass.WORKSPACE), "workspace after forward");
        assertEquals(0, ledger.live(LedgerClass.GRADIENTS), "gradients after forward");
      }
      assertEquals(0, ledger.live(LedgerClass.ACTIVATIONS), "activations after the tape");
    }
    assertEquals(buffers, NativeMemory.liveBuffers(), "buffers after everything is closed");
    return held;
  }

  /** SmolLM2-135M, the model of facts/lora.md §5.2, Llama-3.2-1B. */
  @ParameterizedTest
  @CsvSource({
    "576, 1536, 192, 64, 23, FP32",
    "512, 1408, 128, 64, 40, FP32",
    "2048, 8192, 512, 64, 9, FP32",
    "576, 1536, 192, 64, 23, BF16",
    "512, 1408, 128, 64, 40, BF16"
  })
  void aBlockKeepsTheFloor(
      int hidden, int inner, int keyWidth, int headDim, int rows, DType compute) {
    DType weights = DType.BF16;
    long floor = (long) rows * (4L * hidden + 2L * keyWidth + 2L * inner) * compute.bytes();
    for (double dropout : new double[] {0, 0.1}) {
      long one =
          saved(
              TrainingRig.config(hidden, inner, keyWidth, headDim, 1, false),
              weights,
              compute,
              dropout,
              "",
              rows);
      long two =
          saved(
              TrainingRig.config(hidden, inner, keyWidth, headDim, 2, false),
              weights,
              compute,
              dropout,
              "",
              rows);
      double share = (two - one) / (double) floor;
      System.out.printf(
          "saved bytes: H %d M %d K %d, T %d, %s, dropout %.1f: %d bytes a block, %.4f of the"
              + " floor%n",
          hidden, inner, keyWidth, rows, compute.label(), dropout, two - one, share);
      assertTrue(share >= 1, "less than the floor cannot be: " + share);
      assertTrue(share <= 1.05, "× the floor: " + share);
    }
  }

  /**
   * The relatives at the floor too: DoRA keeps each layer's product (T, out) in place of what is
   * made of it. Five blocks, of which DoRA keeps one sum.
   */
  @ParameterizedTest
  @CsvSource({
    "rslora, 16, 1.05",
    "lora-fa, 16, 1.05",
    "hydra, 16, 1.05",
    "vera, 128, 1.05",
    "dora, 16, 1.05"
  })
  void relativesKeepTheFloor(String word, int rank, double most) {
    AdapterKind kind =
        switch (word) {
          case "rslora" -> new LoraKind(true, false);
          case "lora-fa" -> new LoraKind(false, true);
          case "hydra" -> new HydraKind(3);
          case "vera" -> VeraKind.DEFAULT;
          default -> new DoraKind(false);
        };
    int rows = 256; // DoRA's norms do not grow with them
    long floor = (long) rows * (4L * 576 + 2L * 192 + 2L * 1536) * Float.BYTES;
    for (double dropout : new double[] {0, 0.1}) {
      long[] held = new long[2];
      for (int i = 0; i < 2; i++) {
        int layers = 1 + 5 * i;
        ModelConfig config = TrainingRig.config(576, 1536, 192, 64, layers, false);
        held[i] = saved(config, DType.BF16, DType.FP32, kind, rank, dropout, "", rows);
      }
      double share = (held[1] - held[0]) / (5.0 * floor);
      System.out.printf(
          "saved bytes: %s, rank %d, dropout %.1f: %.4f of the floor%n",
          word, rank, dropout, share);
      assertTrue(share <= most, word + " × the floor: " + share);
    }
  }

  /** The ledger's workspace of a head whose logits, 100 targets by 20,000 words, take 8 MB. */
  @Test
  void theHeadNeverHoldsItsLogits() {
    ModelConfig config = TrainingRig.config(32, 48, 16, 8, 1, false, 20_000);
    try (TrainingRig rig = new TrainingRig(AllocationFault.NONE)) {
      DecoderModel model = rig.model(config, DType.FP32, DType.FP32);
      rig.adapt(model, 4, 0, "all-linear", "");
      PackedBatch batch = TrainingRig.batch(new SplittableRandom(SEED), 201);
      assertEquals(100, batch.targetTokens());
      Ledger ledger = rig.engine().ledger();
      try (Tape tape = rig.engine().record()) {
        tape.backward(model.losses(tape, Strategy.FASTEST, Batches.row(batch), 1f, true, 0));
        long peak = ledger.peak(LedgerClass.WORKSPACE);
        assertTrue(peak > 1 << 20 && peak < (4 << 20) + (256 << 10), peak + " bytes of workspace");
      }
    }
  }

  @Test
  void blocksBelowTheFirstAdapterKeepNothing() {
    long two = saved(small(2, false), DType.FP32, DType.FP32, 0.1, "1", 19);
    long five = saved(small(5, false), DType.FP32, DType.FP32, 0.1, "4", 19);
    assertEquals(two, five, "only the last block is adapted");
    long biased = saved(small(5, true), DType.FP32, DType.FP32, 0.1, "4", 19);
    assertEquals(two, biased, "biases are added in place");
    long lower = saved(small(5, false), DType.FP32, DType.FP32, 0.1, "3", 19);
    assertTrue(lower > five, "what lies above an adapter is kept");
  }

  /**
   * What the last k of n blocks keep is what k of k keep: the prefix's bytes go, to the last one.
   */
  @Test
  void aFrozenPrefixSavesExactlyItsActivations() {
    int layers = 6;
    long all = saved(small(layers, true), DType.FP32, DType.FP32, 0.1, "", 19);
    long block = all - saved(small(layers - 1, true), DType.FP32, DType.FP32, 0.1, "", 19);
    assertTrue(block > 0);
    long before = all;
    for (int frozen = 1; frozen < layers; frozen++) {
      String trained = frozen + "-" + (layers - 1);
      long now = saved(small(layers, true), DType.FP32, DType.FP32, 0.1, trained, 19);
      if (frozen > 1) {
        assertEquals(block, before - now, frozen + " frozen blocks, beside one less");
      }
      // In both, the lowest trained block has nobody below to hand a gradient to.
      assertEquals(
          saved(small(layers - frozen, true), DType.FP32, DType.FP32, 0.1, "", 19),
          now,
          frozen + " frozen blocks, beside a model without them");
      before = now;
    }
  }

  private static ModelConfig small(int layers, boolean biased) {
    return TrainingRig.config(32, 48, 16, 8, layers, biased);
  }

  @ParameterizedTest
  @CsvSource({"FP32, all-linear, 0.1", "BF16, all-linear, 0", "FP32, 'q_proj,lm_head', 0.1"})
  void aStepLeavesParametersAndMoments(DType compute, String targets, double dropout) {
    long buffers = NativeMemory.liveBuffers();
    SplittableRandom random = new SplittableRandom(SEED);
    try (TrainingRig rig = new TrainingRig(AllocationFault.NONE)) {
      DecoderModel model = rig.model(small(2, true), DType.FP32, compute);
      Adapter adapter = rig.adapt(model, 4, dropout, targets, "");
      Trainer trainer = rig.trainer(model, adapter);
      Ledger ledger = rig.engine().ledger();
      long bytes = ledger.live();
      long tensors = ledger.liveTensors();
      assertTrue(tensors > 0);
      for (int step = 0; step < 50; step++) {
        List<PackedBatch> micro =
            List.of(
                TrainingRig.batch(random, lengths(random)),
                TrainingRig.batch(random, lengths(random)));
        trainer.step(micro.subList(0, 1 + step % 2));
        for (LedgerClass kind : LedgerClass.values()) {
          if (kind != LedgerClass.PARAMETERS && kind != LedgerClass.OPTIMIZER) {
            assertEquals(0, ledger.live(kind), kind + " after step " + step);
          }
        }
        assertEquals(bytes, ledger.live(), "bytes after step " + step);
        assertEquals(tensors, ledger.liveTensors(), "tensors after step " + step);
      }
      assertEquals(50, trainer.stepsDone());
    }
    assertEquals(buffers, NativeMemory.liveBuffers(), "buffers, seed " + SEED);
  }

  private static int[] lengths(SplittableRandom random) {
    return random.ints(random.nextInt(1, 4), 1, 40).toArray();
  }
}

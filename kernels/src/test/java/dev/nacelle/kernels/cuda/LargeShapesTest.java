package dev.nacelle.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.nacelle.kernels.Attention;
import dev.nacelle.kernels.AttentionMask;
import dev.nacelle.kernels.BlockFormat;
import dev.nacelle.kernels.BlockMatrix;
import dev.nacelle.kernels.Elementwise;
import dev.nacelle.kernels.KernelSet;
import dev.nacelle.kernels.NeuronOptions;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.Samples;
import dev.nacelle.kernels.SpikingNeuron;
import dev.nacelle.kernels.Surrogate;
import dev.nacelle.kernels.backend.CudaKernelSet;
import dev.nacelle.kernels.backend.Kernels;
import dev.nacelle.nativeaccess.DType;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What the matrix's shapes are too small for: sequences of several segments, large tiles, wide
 * rows, and what {@code op run} does not reach. The C library is the other opinion, or a sum in
 * double.
 */
final class LargeShapesTest {
  private static final long SEED = 71;

  private final Samples samples = new Samples(SEED);
  private KernelSet cuda;
  private KernelSet cpu;

  @BeforeEach
  void open() throws Exception {
    EmulatedDevice.Opened opened = EmulatedDevice.open();
    assumeTrue(opened.device() != null, opened.reason());
    cuda = new CudaKernelSet(Objects.requireNonNull(opened.device()), "emulated");
    cpu = Kernels.open(2, null);
  }

  @AfterEach
  void close() {
    samples.close();
    cuda.close();
    cpu.close();
  }

  private Operand empty(DType dtype, long... shape) {
    return samples.fill(samples.normal(dtype, 0, shape), 0);
  }

  /** Everything that a run of neurons writes. */
  private record Run(List<Operand> tensors, SpikingNeuron.ParameterGradients parameters) {}

  private Run neurons(
      KernelSet set,
      SpikingNeuron.Inputs in,
      Operand gradSpikes,
      Operand gradV,
      NeuronOptions options) {
    Operand x = in.x();
    long[] state = {x.size(1), x.size(2)};
    DType type = x.dtype();
    Operand spikes = empty(type, x.shape());
    Operand v = empty(DType.FP32, state);
    @Nullable Operand b = options.isAdaptive() ? empty(DType.FP32, state) : null;
    set.spikingNeuron().forward(new SpikingNeuron.Outputs(spikes, v, b, null), in, options);
    Operand gradX = empty(type, x.shape());
    Operand gradV0 = empty(DType.FP32, state);
    SpikingNeuron.ParameterGradients parameters =
        set.spikingNeuron()
            .backward(
                new SpikingNeuron.Wanted(gradX, gradV0, null, null, null),
                new SpikingNeuron.Given(gradSpikes, gradV, null, null),
                in,
                options,
                true);
    return new Run(List.of(spikes, v, gradX, gradV0), parameters);
  }

  /**
   * 400 steps do not fit shared memory: state is kept before each segment and steps are repeated.
   */
  @ParameterizedTest
  @CsvSource({"false, 0, 8", "true, 0, 8", "false, 0.1, 8", "false, 0, 7", "true, 0.1, 9"})
  void manySegmentsGiveTheBitsOfTheCpu(boolean learned, float beta, long width) {
    NeuronOptions options =
        new NeuronOptions(
            learned ? 0.3f : 2,
            learned,
            true,
            0.6f,
            beta == 0 ? 0f : null,
            beta == 0 ? 0 : 0.9f,
            beta,
            false,
            Surrogate.ATAN,
            2,
            true);
    Operand x = samples.normal(DType.FP32, 0, 400, 3, width);
    SpikingNeuron.Inputs in = new SpikingNeuron.Inputs(x, null, null, null, null);
    Operand gradSpikes = samples.normal(DType.FP32, 0, 400, 3, width);
    Operand gradV = samples.normal(DType.FP32, 0, 3, width);
    Run want = neurons(cpu, in, gradSpikes, gradV, options);
    Run got = neurons(cuda, in, gradSpikes, gradV, options);
    double spikes = Samples.values(want.tensors.getFirst()).stream().mapToDouble(s -> s).sum();
    assertTrue(spikes > 100, () -> "only " + spikes + " spikes");
    for (int i = 0; i < want.tensors.size(); i++) {
      assertEquals(
          Samples.values(want.tensors.get(i)), Samples.values(got.tensors.get(i)), "tensor " + i);
    }
    near(want.parameters.leak(), got.parameters.leak());
    near(want.parameters.vThreshold(), got.parameters.vThreshold());
    near(want.parameters.beta(), got.parameters.beta());
    near(want.parameters.rho(), got.parameters.rho());
    // The same again: fixed order, same bits.
    assertEquals(got.parameters, neurons(cuda, in, gradSpikes, gradV, options).parameters);
  }

  private static void near(double want, double got) {
    assertEquals(want, got, 1e-9 * (1 + Math.abs(want)));
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"FP32", "BF16", "FP16"})
  void largeTilesMultiply(DType type) {
    int m = 131;
    int n = 197;
    int k = 70;
    for (int how = 0; how < 4; how++) {
      boolean ta = (how & 1) != 0;
      boolean tb = (how & 2) != 0;
      Operand a = ta ? samples.normal(type, 0, k, m) : samples.normal(type, 0, m, k);
      Operand b = tb ? samples.normal(type, 0, n, k) : samples.normal(type, 0, k, n);
      Operand c = samples.normal(DType.FP32, 0, m, n);
      double[] before = Samples.values(c).stream().mapToDouble(v -> v).toArray();
      cuda.products().multiply(c, a, ta, b, tb, 0.5f, 2);
      for (int i = 0; i < m; i += 13) {
        for (int j = 0; j < n; j += 7) {
          double sum = 0;
          for (int t = 0; t < k; t++) {
            sum +=
                Samples.get(a, ta ? (long) t * m + i : (long) i * k + t)
                    * Samples.get(b, tb ? (long) j * k + t : (long) t * n + j);
          }
          double want = 0.5 * sum + 2 * before[i * n + j];
          assertEquals(want, Samples.get(c, (long) i * n + j), 1e-4, how + " " + i + " " + j);
        }
      }
    }
  }

  /** 12,000 columns find room for the weight's gradient in shared memory, 13,000 do not. */
  @ParameterizedTest
  @CsvSource({"10000", "13001"})
  void wideRowsAreNormed(long columns) {
    Operand x = samples.normal(DType.FP32, 0, 3, columns);
    Operand weight = samples.normal(DType.FP32, 0, columns);
    Operand gradY = samples.normal(DType.FP32, 0, 3, columns);
    // Squares of the second row overflow in fp32, those of the third vanish.
    for (long i = 0; i < columns; i++) {
      Samples.set(x, columns + i, Samples.get(x, columns + i) * 1e25);
      Samples.set(x, 2 * columns + i, Samples.get(x, 2 * columns + i) * 1e-25);
    }
    Operand[] y = {empty(DType.FP32, 3, columns), empty(DType.FP32, 3, columns)};
    Operand[] rstd = {empty(DType.FP32, 3), empty(DType.FP32, 3)};
    Operand[] gradX = {empty(DType.FP32, 3, columns), empty(DType.FP32, 3, columns)};
    Operand[] gradWeight = {empty(DType.FP32, columns), empty(DType.FP32, columns)};
    KernelSet[] sets = {cpu, cuda};
    for (int i = 0; i < 2; i++) {
      sets[i].rmsNorm().forward(y[i], rstd[i], x, weight, 0, 1);
      sets[i]
          .rmsNorm()
          .backward(gradX[i], gradWeight[i], gradY, null, x, weight, rstd[i], 1, false);
    }
    close(y, columns, 2e-6);
    close(rstd, 1, 1e-6);
    close(gradX, columns, 4e-6);
    close(gradWeight, columns, 4e-6);
  }

  /** The largest of each {@code group} of neighbours is the scale of its errors. */
  private static void close(Operand[] pair, long group, double relative) {
    List<Double> want = Samples.values(pair[0]);
    List<Double> got = Samples.values(pair[1]);
    for (int from = 0; from < want.size(); from += (int) group) {
      double scale = 0;
      for (int i = from; i < from + group; i++) {
        scale = Math.max(scale, Math.abs(want.get(i)));
      }
      for (int i = from; i < from + group; i++) {
        assertEquals(want.get(i), got.get(i), relative * scale, "element " + i);
      }
    }
  }

  /** A norm's weight and a bias may have another type than what they are applied to. */
  @Test
  void parametersHaveTheirOwnTypes() {
    for (DType type : Samples.COMPUTE) {
      for (DType own : Samples.COMPUTE) {
        double near = type == DType.FP32 ? 2e-6 : 1e-2;
        Operand x = samples.normal(type, 0, 5, 36);
        Operand gradY = samples.normal(type, 0, 5, 36);
        Operand weight = samples.normal(own, 0, 36);
        Operand bits = samples.ids(DType.I32, 5, -7, 1 << 20, 3, 77, 1).reshape(3, 2);
        Operand matrix = samples.normal(type, 0, 36, 37);
        Operand[] y = {empty(type, 5, 36), empty(type, 5, 36)};
        Operand[] rstd = {empty(DType.FP32, 5), empty(DType.FP32, 5)};
        Operand[] gradX = {empty(type, 5, 36), empty(type, 5, 36)};
        Operand[] gradWeight = {empty(DType.FP32, 36), empty(DType.FP32, 36)};
        Operand[] sum = {empty(type, 3, 36), empty(type, 3, 36)};
        KernelSet[] sets = {cpu, cuda};
        for (int i = 0; i < 2; i++) {
          sets[i].rmsNorm().forward(y[i], rstd[i], x, weight, 1e-5f, 1);
          sets[i]
              .rmsNorm()
              .backward(gradX[i], gradWeight[i], gradY, null, x, weight, rstd[i], 1, false);
          sets[i].spikeLinear().forward(sum[i], bits, matrix, weight);
        }
        close(y, 36, near);
        close(gradX, 36, near);
        close(gradWeight, 36, near);
        close(sum, 36, near);
      }
    }
  }

  /** No two of the dimensions merge: each has its stride to itself. */
  @Test
  void fourDimensionsAreConverted() {
    for (DType type : Samples.COMPUTE) {
      Operand x = samples.normal(DType.FP32, 0, 7, 5, 4, 3);
      Operand turned =
          Operand.view(
              x.buffer(), 0, x.dtype(), new long[] {3, 4, 5, 7}, new long[] {1, 3, 12, 60});
      Operand want = empty(type, 3, 4, 5, 7);
      Operand got = empty(type, 3, 4, 5, 7);
      cpu.elementwise().convert(want, turned);
      cuda.elementwise().convert(got, turned);
      assertEquals(Samples.values(want), Samples.values(got));
    }
  }

  @Test
  void rowsAreGatheredAndBadIdsNamed() {
    BlockMatrix table = BlockMatrix.of(samples.bytes(40, 6 * 20), BlockFormat.Q4_1);
    for (DType ids : List.of(DType.I32, DType.I64)) {
      Operand good = samples.ids(ids, 3, 39, 0, 3);
      Operand want = empty(DType.FP32, 4, 192);
      Operand got = empty(DType.FP32, 4, 192);
      cpu.dequantize().gatherRows(want, table, good);
      cuda.dequantize().gatherRows(got, table, good);
      assertEquals(Samples.values(want), Samples.values(got));
      Operand bad = samples.ids(ids, 3, 40, 1, -1);
      IllegalArgumentException refused =
          assertThrows(
              IllegalArgumentException.class, () -> cuda.dequantize().gatherRows(got, table, bad));
      assertEquals("ids[1] is 40, the table has 40 rows", refused.getMessage());
    }
  }

  /** Heads wider than a block's columns, one and several of them, packed samples and a cache. */
  @ParameterizedTest
  @CsvSource({"80", "132", "66"})
  void wideHeadsAttend(long d) {
    AttentionMask mask = AttentionMask.window(40, 0, 70, 71, 90);
    for (DType type : Samples.COMPUTE) {
      double near = type == DType.FP32 ? 2e-5 : 2e-2;
      Operand q = samples.normal(type, 0, 90, 4 * d).reshape(90, 4, d);
      Operand k = samples.normal(type, 0, 90, 2 * d).reshape(90, 2, d);
      Operand v = samples.normal(type, 0, 90, 2 * d).reshape(90, 2, d);
      Operand gradOut = samples.normal(type, 0, 90, 4 * d).reshape(90, 4, d);
      Operand[] out = {empty(type, 90, 4, d), empty(type, 90, 4, d)};
      Operand[] lse = {empty(DType.FP32, 4, 90), empty(DType.FP32, 4, 90)};
      Operand[] gradQ = {empty(type, 90, 4, d), empty(type, 90, 4, d)};
      Operand[] gradK = {empty(type, 90, 2, d), empty(type, 90, 2, d)};
      Operand[] gradV = {empty(type, 90, 2, d), empty(type, 90, 2, d)};
      Operand[] fresh = {empty(type, 3, 4, d), empty(type, 3, 4, d)};
      KernelSet[] sets = {cpu, cuda};
      for (int i = 0; i < 2; i++) {
        Attention a = sets[i].attention();
        a.forward(out[i], lse[i], q, k, v, mask, 0.1f, 2);
        a.backward(gradQ[i], gradK[i], gradV[i], gradOut, out[i], lse[i], q, k, v, mask, 0.1f, 2);
        a.cached(fresh[i], q.rows(0, 3), k, v, 87, 40, 0.1f, 2);
      }
      close(out, d, near);
      close(lse, 90, 1e-4);
      close(gradQ, 90 * 4 * d, near);
      close(gradK, 90 * 2 * d, near);
      close(gradV, 90 * 2 * d, near);
      close(fresh, d, near);
    }
  }

  /** What functions of the tape ask for and no operator of the matrix does. */
  @Test
  void sumsFactorsAndLookUpsAreTheCpus() {
    for (DType y : Samples.COMPUTE) {
      for (DType x : Samples.COMPUTE) {
        double near = y == DType.FP32 ? 1e-6 : 1e-2;
        for (int n : new int[] {1, 7, 256, 1003}) {
          Operand[] sums = {samples.normal(y, 0, n), empty(y, n)};
          cpu.elementwise().convert(sums[1], sums[0]);
          Operand other = samples.normal(x, 0, n);
          Operand table = samples.normal(x, 0, 11, n);
          Operand[] rows = {empty(y, 5, n), empty(y, 5, n)};
          KernelSet[] sets = {cpu, cuda};
          for (int i = 0; i < 2; i++) {
            Elementwise e = sets[i].elementwise();
            e.add(sums[i], other, -0.7f);
            e.scale(sums[i], 1.3f);
            e.gatherRows(rows[i], table, samples.ids(DType.I64, 3, 0, 10, 10, 7));
            e.addBias(rows[i], other);
          }
          close(sums, n, near);
          close(rows, n, near);
          IllegalArgumentException refused =
              assertThrows(
                  IllegalArgumentException.class,
                  () ->
                      cuda.elementwise()
                          .gatherRows(rows[1], table, samples.ids(DType.I32, 3, 0, 11, 10, -7)));
          assertEquals("ids[2] is 11, the table has rows 0 to 10", refused.getMessage());
        }
      }
    }
  }
}

package dev.nacelle.spiking;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import dev.nacelle.function.Dense;
import dev.nacelle.function.FilterInTime;
import dev.nacelle.function.NeuronParameters;
import dev.nacelle.function.NeuronSequence;
import dev.nacelle.function.PackSpikes;
import dev.nacelle.function.SpikeDense;
import dev.nacelle.function.UnpackSpikes;
import dev.nacelle.kernels.NeuronOptions;
import dev.nacelle.kernels.Surrogate;
import dev.nacelle.kernels.backend.Kernels;
import dev.nacelle.memory.Allocator;
import dev.nacelle.memory.LedgerClass;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.tape.Context;
import dev.nacelle.tape.Engine;
import dev.nacelle.tape.Function;
import dev.nacelle.tape.Gradients;
import dev.nacelle.tape.Parameter;
import dev.nacelle.tape.Tape;
import dev.nacelle.tensor.Tensor;
import java.util.Objects;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Functions that no whole network shows alone: bits with several readers, the filter by itself. */
final class SpikingFunctionsTest {
  private static final int T = 6;
  private static final int B = 3;
  private static final int N = 45;
  private static final int M = 4;

  private final SplittableRandom random = new SplittableRandom(11);
  private final Engine engine = new Engine(Kernels.open(2, null), new Allocator());

  @AfterEach
  void nothingIsLeft() {
    assertEquals(0, engine.ledger().live(), "bytes");
    engine.close();
  }

  private float[] numbers(int count) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) random.nextDouble(-1, 1);
    }
    return values;
  }

  private Parameter parameter(float[] values, long... shape) {
    return new Parameter("p", engine.allocator().of(LedgerClass.PARAMETERS, values, shape));
  }

  private static void release(Parameter... parameters) {
    for (Parameter p : parameters) {
      p.releaseGradient();
      p.value().release();
    }
  }

  /** Keeps what comes back. */
  private static final class Probe implements Function {
    private float[] gradient = new float[0];

    @Override
    public Tensor forward(Context context, Tensor... inputs) {
      return inputs[0].alias();
    }

    @Override
    public void backward(Context context, Tensor gradOutput, Gradients gradients) {
      gradient = gradOutput.toFloats();
    }
  }

  /** Σ over all outputs of three layers: each spike's gradient is the sum of its three columns. */
  @Test
  void bitsGatherTheGradientsOfAllTheirReaders() {
    float[] spikes = new float[T * B * N];
    for (int i = 0; i < spikes.length; i++) {
      spikes[i] = random.nextInt(3) == 0 ? 1 : 0;
    }
    Parameter a = parameter(numbers(M * N), M, N);
    Parameter b = parameter(numbers(M * N), M, N);
    Parameter c = parameter(numbers(M * N), M, N);
    Parameter bias = parameter(numbers(M), M);
    Probe probe = new Probe();
    float[] y;
    try (Tape tape = engine.record()) {
      Tensor x = tape.own(engine.allocator().of(LedgerClass.ACTIVATIONS, spikes, T, B, N));
      tape.watch(x);
      Tensor bits = tape.apply(new PackSpikes(), tape.apply(probe, x));
      assertEquals(DType.I32, bits.dtype());
      assertArrayEquals(new long[] {T, B, 2}, bits.shape());
      Tensor first = tape.apply(new SpikeDense(a, bias), true, bits);
      Tensor second = tape.apply(new SpikeDense(b, null), true, bits);
      Tensor third = tape.apply(new Dense(c, null), true, tape.apply(new UnpackSpikes(N), bits));
      Tensor sum = tape.apply(new Plus(), tape.apply(new Plus(), first, second), third);
      y = sum.toFloats();
      tape.backward(sum);
    }
    float[] wa = a.value().toFloats();
    float[] wb = b.value().toFloats();
    float[] wc = c.value().toFloats();
    float[] wBias = bias.value().toFloats();
    double[] counts = new double[N];
    for (int row = 0; row < T * B; row++) {
      for (int m = 0; m < M; m++) {
        double want = wBias[m];
        for (int n = 0; n < N; n++) {
          want += spikes[row * N + n] * (wa[m * N + n] + wb[m * N + n] + wc[m * N + n]);
        }
        assertEquals(want, y[row * M + m], 1e-5, "output " + row + ", " + m);
      }
      for (int n = 0; n < N; n++) {
        double want = 0;
        for (int m = 0; m < M; m++) {
          want += wa[m * N + n] + wb[m * N + n] + wc[m * N + n];
        }
        assertEquals(want, probe.gradient[row * N + n], 1e-5, "spike " + row + ", " + n);
        counts[n] += spikes[row * N + n];
      }
    }
    for (Parameter w : new Parameter[] {a, b, c}) {
      float[] g = Objects.requireNonNull(w.gradient()).toFloats();
      for (int i = 0; i < g.length; i++) {
        assertEquals(counts[i % N], g[i], 1e-5, "weight " + i);
      }
    }
    for (float g : Objects.requireNonNull(bias.gradient()).toFloats()) {
      assertEquals(T * B, g, 1e-5);
    }
    release(a, b, c, bias);
  }

  /** The filter and then the neurons, and both in one. */
  @Test
  void theFilterAloneIsTheFilterInFrontOfNeurons() {
    float[] input = numbers(T * B * N);
    for (int i = 0; i < input.length; i++) {
      input[i] *= 3;
    }
    Parameter re = parameter(numbers(3 * N), 3, N);
    Parameter im = parameter(numbers(3 * N), 3, N);
    NeuronParameters lif = NeuronParameters.fixed(NeuronOptions.LIF);
    float[][] spikes = new float[2][];
    float[][] gradX = new float[2][];
    float[][] gradRe = new float[2][];
    float[][] gradIm = new float[2][];
    for (int way = 0; way < 2; way++) {
      Probe probe = new Probe();
      try (Tape tape = engine.record()) {
        Tensor x = tape.own(engine.allocator().of(LedgerClass.ACTIVATIONS, input, T, B, N));
        tape.watch(x);
        Tensor seen = tape.apply(probe, x);
        NeuronSequence.Gains gains = way == 0 ? new NeuronSequence.Gains(re, im) : null;
        Tensor current = way == 0 ? seen : tape.apply(new FilterInTime(re, im), true, seen);
        Tensor s = tape.apply(new NeuronSequence(lif, gains, null, null, false), true, current);
        spikes[way] = s.toFloats();
        tape.backward(s);
      }
      gradX[way] = probe.gradient;
      gradRe[way] = Objects.requireNonNull(re.gradient()).toFloats();
      gradIm[way] = Objects.requireNonNull(im.gradient()).toFloats();
      re.releaseGradient();
      im.releaseGradient();
    }
    assertArrayEquals(spikes[0], spikes[1]);
    assertArrayEquals(gradX[0], gradX[1], 2e-6f);
    assertArrayEquals(gradRe[0], gradRe[1], 2e-5f);
    assertArrayEquals(gradIm[0], gradIm[1], 2e-5f);
    release(re, im);
  }

  /** A sequence in two parts, the state handed on, is the sequence. */
  @Test
  void statesAreHandedFromPartToPart() {
    float[] input = numbers(2 * T * B * N);
    for (int i = 0; i < input.length; i++) {
      input[i] = 2 * input[i] + 1;
    }
    NeuronOptions alif =
        new NeuronOptions(2, false, true, 0.5f, 0f, 0.8f, 0.4f, false, Surrogate.ATAN, 2, true);
    NeuronParameters neurons = NeuronParameters.fixed(alif);
    try (Tape tape = engine.forwardOnly()) {
      Tensor all = tape.own(engine.allocator().of(LedgerClass.ACTIVATIONS, input, 2 * T, B, N));
      float[] want =
          tape.apply(new NeuronSequence(neurons, null, null, null, false), all).toFloats();
      NeuronSequence.State between = state(tape);
      NeuronSequence.State end = state(tape);
      int half = T * B * N;
      float[] got = new float[2 * half];
      for (int part = 0; part < 2; part++) {
        float[] values = java.util.Arrays.copyOfRange(input, part * half, (part + 1) * half);
        Tensor x = tape.own(engine.allocator().of(LedgerClass.ACTIVATIONS, values, T, B, N));
        NeuronSequence function =
            part == 0
                ? new NeuronSequence(neurons, null, null, between, false)
                : new NeuronSequence(neurons, null, between, end, false);
        System.arraycopy(tape.apply(function, x).toFloats(), 0, got, part * half, half);
      }
      assertArrayEquals(want, got);
      assertNotNull(end.b());
    }
  }

  private NeuronSequence.State state(Tape tape) {
    return new NeuronSequence.State(
        tape.own(engine.allocator().zeros(LedgerClass.ACTIVATIONS, DType.FP32, B, N)),
        tape.own(engine.allocator().zeros(LedgerClass.ACTIVATIONS, DType.FP32, B, N)));
  }
}

package dev.nacelle.embedding;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.Nacelle;
import dev.nacelle.NacelleException;
import dev.nacelle.SpikeRecord;
import dev.nacelle.SpikingDescription;
import dev.nacelle.SpikingNetwork;
import dev.nacelle.SpikingNeurons;
import dev.nacelle.SpikingTraining;
import dev.nacelle.SurrogateGradient;
import dev.nacelle.TensorData;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Spiking networks through the public interface alone. */
final class SpikingNetworkTest {
  private static final int SAMPLES = 96;
  private final List<Long> before = Tiny.held();

  @AfterEach
  void nothingIsHeld() {
    assertEquals(before, Tiny.held(), "buffers, bytes and handles that are still held");
  }

  private static SpikingDescription.Builder description(SpikingNeurons neurons) {
    return SpikingDescription.builder()
        .setInputs(6)
        .setSteps(5)
        .addDense(24)
        .addNeurons(neurons)
        .addDense(3)
        .addIntegrator(2, true)
        .optSeed(3);
  }

  private static SpikingNeurons lif() {
    return SpikingNeurons.lif().optThreshold(0.5).build();
  }

  /** Three clouds of points, one a class. */
  private static TensorData points(int[] labels) {
    SplittableRandom random = new SplittableRandom(17);
    float[] x = new float[SAMPLES * 6];
    for (int i = 0; i < SAMPLES; i++) {
      labels[i] = i % 3;
      for (int j = 0; j < 6; j++) {
        x[i * 6 + j] = (float) ((j / 2 == labels[i] ? 2 : -0.5) + random.nextDouble(-0.4, 0.4));
      }
    }
    return TensorData.ofFloats(x, SAMPLES, 6);
  }

  @Test
  void everyKindLearnsAndTheSameSeedGivesTheSameBytes() {
    int[] labels = new int[SAMPLES];
    TensorData x = points(labels);
    List<SpikingNeurons> kinds =
        List.of(
            lif(),
            SpikingNeurons.lif().optThreshold(0.5).optSoftReset().optTrainThreshold(true).build(),
            SpikingNeurons.plif().optThreshold(0.5).optTau(1.5).build(),
            SpikingNeurons.alif().optThreshold(0.5).optAdaptation(0.8, 0.3).build(),
            SpikingNeurons.falif(3)
                .optThreshold(0.5)
                .optSurrogate(SurrogateGradient.SIGMOID, 4)
                .build());
    for (SpikingNeurons kind : kinds) {
      for (boolean bits : new boolean[] {false, true}) {
        SpikingDescription description = description(kind).optSpikeBits(bits).build();
        List<Double> losses = new ArrayList<>();
        Map<String, TensorData> first = trained(description, x, labels, losses);
        assertTrue(
            losses.getLast() < 0.25 * losses.getFirst(), "losses " + losses + " did not fall");
        assertSame(first, trained(description, x, labels, new ArrayList<>()));
      }
    }
    assertEquals(5, kinds.size());
  }

  private static Map<String, TensorData> trained(
      SpikingDescription description, TensorData x, int[] labels, List<Double> losses) {
    try (Nacelle nacelle = Nacelle.open(2);
        SpikingNetwork network = nacelle.spikingNetwork(description)) {
      network.configure(new SpikingTraining(0.9, 0.999, 1e-8, 0.01, 5));
      for (int i = 0; i < 60; i++) {
        losses.add(network.train(x, labels, 2e-2));
      }
      assertArrayEquals(labels, network.classify(x));
      return network.parameters();
    }
  }

  private static void assertSame(Map<String, TensorData> a, Map<String, TensorData> b) {
    assertEquals(a.keySet(), b.keySet());
    a.forEach(
        (name, value) ->
            assertEquals(value.bytes(), Objects.requireNonNull(b.get(name)).bytes(), name));
  }

  @Test
  void stepsAverageToTheScores() {
    int[] labels = new int[SAMPLES];
    TensorData x = points(labels);
    try (Nacelle nacelle = Nacelle.open(1);
        SpikingNetwork network = nacelle.spikingNetwork(description(lif()).build())) {
      float[] scores = network.scores(x).toFloats();
      for (int round = 0; round < 2; round++) {
        float[] mean = new float[scores.length];
        for (int t = 0; t < 5; t++) {
          float[] y = network.step(x).toFloats();
          for (int i = 0; i < y.length; i++) {
            mean[i] += y[i] / 5;
          }
        }
        assertArrayEquals(scores, mean, 1e-5f, "round " + round);
        network.reset();
      }
      float[] sequence = new float[5 * SAMPLES * 6];
      for (int t = 0; t < 5; t++) {
        System.arraycopy(x.toFloats(), 0, sequence, t * SAMPLES * 6, SAMPLES * 6);
      }
      TensorData asSequence = TensorData.ofFloats(sequence, 5, SAMPLES, 6);
      assertArrayEquals(scores, network.scores(asSequence).toFloats(), 1e-5f);
      network.step(x);
      assertKind(
          NacelleException.Kind.INPUT, () -> network.step(TensorData.ofFloats(new float[6], 1, 6)));
    }
  }

  @Test
  void recordsSayWhoFired() {
    int[] labels = new int[SAMPLES];
    TensorData x = points(labels);
    List<SpikeRecord> floats = recorded(false, x);
    List<SpikeRecord> bits = recorded(true, x);
    assertEquals(1, floats.size());
    SpikeRecord record = floats.getFirst();
    assertEquals(
        List.of(5, SAMPLES, 24), List.of(record.steps(), record.samples(), record.neurons()));
    double[] rates = record.rates();
    assertArrayEquals(rates, bits.getFirst().rates());
    assertEquals(Arrays.stream(rates).average().orElseThrow(), record.rate(), 1e-12);
    assertTrue(record.rate() > 0.02 && record.rate() < 0.9, "rate " + record.rate());
    int[] histogram = record.histogram(10);
    assertEquals(24, IntStream.of(histogram).sum());
    for (int bin = 0; bin < 10; bin++) {
      int from = bin;
      long want =
          Arrays.stream(rates).filter(r -> (int) Math.min(9, Math.floor(r * 10)) == from).count();
      assertEquals(want, histogram[bin], "bin " + bin);
    }
    int fired = 0;
    for (int t = 0; t < 5; t++) {
      for (int n = 0; n < 24; n++) {
        fired += record.fired(t, 7, n) ? 1 : 0;
      }
    }
    String picture = record.rasterSvg(7);
    assertTrue(picture.contains("sample 7: " + fired + " spikes of 24 neurons"), picture);
    assertEquals(fired, picture.split("M[0-9]+ [0-9.]+h", -1).length - 1, "dashes");
    assertTrue(record.ratesSvg(10).startsWith("<svg "));
    assertThrows(IndexOutOfBoundsException.class, () -> record.fired(5, 0, 0));
  }

  private static List<SpikeRecord> recorded(boolean bits, TensorData x) {
    try (Nacelle nacelle = Nacelle.open(2);
        SpikingNetwork network =
            nacelle.spikingNetwork(description(lif()).optSpikeBits(bits).build())) {
      return network.record(x);
    }
  }

  @Test
  void parametersMoveBetweenNetworks() {
    int[] labels = new int[SAMPLES];
    TensorData x = points(labels);
    try (Nacelle nacelle = Nacelle.open(1);
        SpikingNetwork a = nacelle.spikingNetwork(description(lif()).build());
        SpikingNetwork b = nacelle.spikingNetwork(description(lif()).optSeed(4).build())) {
      assertFalse(Arrays.equals(a.scores(x).toFloats(), b.scores(x).toFloats()));
      b.load(a.parameters());
      assertArrayEquals(a.scores(x).toFloats(), b.scores(x).toFloats());
      Map<String, TensorData> wrong = new java.util.LinkedHashMap<>(a.parameters());
      wrong.put("0.weight", TensorData.ofFloats(new float[6], 1, 6));
      assertKind(NacelleException.Kind.INPUT, () -> b.load(wrong));
      wrong.remove("0.weight");
      assertKind(NacelleException.Kind.INPUT, () -> b.load(wrong));
      assertArrayEquals(a.scores(x).toFloats(), b.scores(x).toFloats());
      assertNotEquals(0, nacelle.memoryUse().liveBytes());
    }
  }

  @Test
  void wrongUseHasItsName() {
    assertUsage(() -> SpikingNeurons.lif().optTau(1).build(), "tau");
    assertUsage(() -> SpikingNeurons.lif().optThreshold(0).build(), "threshold");
    assertUsage(() -> SpikingNeurons.lif().optAdaptation(0.9, 0.1), "adapt");
    assertUsage(() -> SpikingNeurons.alif().optAdaptation(1, 0.1).build(), "rho");
    assertUsage(() -> SpikingNeurons.lif().optSurrogate(SurrogateGradient.RECT, -1).build(), "-1");
    assertUsage(() -> SpikingNeurons.plif().optTrainThreshold(true).build(), "both");
    assertUsage(() -> SpikingNeurons.falif(0), "modes");
    assertUsage(() -> description(SpikingNeurons.falif(4).build()).build(), "at most 3");
    assertUsage(() -> SpikingDescription.builder().setInputs(1).build(), "steps");
    assertUsage(() -> SpikingDescription.builder().setInputs(1).setSteps(1).build(), "layers");
    assertUsage(() -> SpikingDescription.builder().addDense(0), "outputs");
    assertUsage(() -> SpikingDescription.builder().addIntegrator(0.5, true), "tau");
    assertUsage(() -> new SpikingTraining(1, 0.9, 1e-8, 0, 0), "betas");
    try (Nacelle nacelle = Nacelle.open(1)) {
      SpikingNetwork network = nacelle.spikingNetwork(description(lif()).build());
      TensorData x = TensorData.ofFloats(new float[12], 2, 6);
      assertKind(NacelleException.Kind.INPUT, () -> network.train(x, new int[] {0, 3}, 1e-3));
      assertKind(NacelleException.Kind.INPUT, () -> network.train(x, new int[] {0}, 1e-3));
      assertKind(
          NacelleException.Kind.INPUT,
          () -> network.scores(TensorData.ofFloats(new float[10], 2, 5)));
      assertKind(
          NacelleException.Kind.INPUT, () -> network.scores(TensorData.ofInts(new int[12], 2, 6)));
      assertKind(
          NacelleException.Kind.INTERNAL,
          () ->
              network.train(
                  TensorData.ofFloats(new float[] {Float.NaN, 0, 0, 0, 0, 0}, 1, 6),
                  new int[] {0},
                  1e-3));
      try (SpikingNetwork filtered =
          nacelle.spikingNetwork(description(SpikingNeurons.falif(2).build()).build())) {
        assertKind(NacelleException.Kind.USAGE, () -> filtered.step(x));
      }
      network.close();
      network.close();
      assertKind(NacelleException.Kind.USAGE, () -> network.scores(x));
      nacelle.spikingNetwork(description(lif()).build());
      // The engine closes what is still open.
    }
  }

  private static void assertUsage(Runnable action, String word) {
    NacelleException e = assertKind(NacelleException.Kind.USAGE, action);
    assertTrue((e.getMessage() + " " + e.hint()).contains(word), e.getMessage());
  }

  private static NacelleException assertKind(NacelleException.Kind kind, Runnable action) {
    NacelleException e = assertThrows(NacelleException.class, action::run);
    assertEquals(kind, e.kind(), e.getMessage());
    return e;
  }
}

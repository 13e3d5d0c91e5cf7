package example;

import dev.nacelle.Nacelle;
import dev.nacelle.NacelleException;
import dev.nacelle.SpikeRecord;
import dev.nacelle.SpikingDescription;
import dev.nacelle.SpikingNetwork;
import dev.nacelle.SpikingNeurons;
import dev.nacelle.SpikingTraining;
import dev.nacelle.TensorData;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;

/**
 * Trains 784 – 512 – 10 with leaky integrate-and-fire neurons on Fashion-MNIST, each image shown
 * for eight time steps, and writes a report with spike pictures. The same seed gives the same
 * weights and the same numbers, time apart.
 */
public final class FashionMnist {
  private static final int CLASSES = 10;
  private static final int BATCH = 128;
  private static final int HIDDEN = 512;
  private static final int STEPS = 8;
  private static final double RATE = 1e-3;

  private final Options options;
  private final Images train;
  private final Images test;

  private FashionMnist(Options options, Images train, Images test) {
    this.options = options;
    this.train = train;
    this.test = test;
  }

  /**
   * @param args {@code --data --epochs --samples --seed --threads --out}, each with a value
   */
  public static void main(String[] args) throws IOException {
    Options options = Options.parse(args);
    if (!Images.isThere(options.data())) {
      System.out.println(
          "SKIPPED: no Fashion-MNIST in "
              + options.data()
              + ". Install it: apt-get install dataset-fashion-mnist, or name its folder with"
              + " --data.");
      return;
    }
    Images train = Images.read(options.data(), "train").first(options.samples());
    Images test = Images.read(options.data(), "t10k");
    try (Nacelle nacelle = Nacelle.open(options.threads())) {
      new FashionMnist(options, train, test).run(nacelle);
    } catch (NacelleException e) {
      System.err.println(e.kind() + ": " + e.getMessage());
      System.exit(e.kind().exitCode());
    }
  }

  /** What one epoch came to. */
  record Epoch(int number, double loss, double accuracy, double seconds) {}

  private void run(Nacelle nacelle) throws IOException {
    SpikingDescription description =
        SpikingDescription.builder()
            .setInputs(train.size())
            .setSteps(STEPS)
            .addDense(HIDDEN)
            .addNeurons(SpikingNeurons.lif().optTau(2).optDetachReset(true).build())
            .addDense(CLASSES)
            .optSeed(options.seed())
            .build();
    try (SpikingNetwork network = nacelle.spikingNetwork(description)) {
      network.configure(new SpikingTraining(0.9, 0.999, 1e-8, 0.01, 0));
      List<Epoch> epochs = new ArrayList<>();
      SplittableRandom random = new SplittableRandom(options.seed());
      int perEpoch = (train.count() + BATCH - 1) / BATCH;
      for (int e = 1; e <= options.epochs(); e++) {
        long begin = System.nanoTime();
        double loss = epoch(network, shuffled(random), (e - 1) * perEpoch, perEpoch);
        double seconds = (System.nanoTime() - begin) * 1e-9;
        Epoch done = new Epoch(e, loss, accuracy(network), seconds);
        epochs.add(done);
        System.out.printf(
            Locale.ROOT,
            "epoch %d  loss %.4f  test accuracy %.2f %%  %.2f s%n",
            e,
            done.loss(),
            100 * done.accuracy(),
            done.seconds());
      }
      report(network, epochs, nacelle);
    }
  }

  private int[] shuffled(SplittableRandom random) {
    int[] order = new int[train.count()];
    for (int i = 0; i < order.length; i++) {
      int j = random.nextInt(i + 1);
      order[i] = order[j];
      order[j] = i;
    }
    return order;
  }

  private double epoch(SpikingNetwork network, int[] order, int stepsBefore, int perEpoch) {
    double sum = 0;
    float[] x = new float[BATCH * train.size()];
    for (int b = 0; b < perEpoch; b++) {
      int from = b * BATCH;
      int n = Math.min(BATCH, order.length - from);
      int[] labels = new int[n];
      for (int i = 0; i < n; i++) {
        train.copyTo(x, i, order[from + i]);
        labels[i] = train.labels()[order[from + i]];
      }
      // Half a cosine from the full rate to nothing over the whole run.
      double done = (double) (stepsBefore + b) / (perEpoch * options.epochs());
      double rate = RATE * 0.5 * (1 + Math.cos(Math.PI * done));
      sum += n * network.train(batch(x, n), labels, rate);
    }
    return sum / order.length;
  }

  private TensorData batch(float[] x, int n) {
    float[] rows = n == BATCH ? x : java.util.Arrays.copyOf(x, n * train.size());
    return TensorData.ofFloats(rows, n, train.size());
  }

  private double accuracy(SpikingNetwork network) {
    int right = 0;
    float[] x = new float[BATCH * test.size()];
    for (int from = 0; from < test.count(); from += BATCH) {
      int n = Math.min(BATCH, test.count() - from);
      for (int i = 0; i < n; i++) {
        test.copyTo(x, i, from + i);
      }
      int[] classes = network.classify(batch(x, n));
      for (int i = 0; i < n; i++) {
        right += classes[i] == test.labels()[from + i] ? 1 : 0;
      }
    }
    return (double) right / test.count();
  }

  private void report(SpikingNetwork network, List<Epoch> epochs, Nacelle nacelle)
      throws IOException {
    int shown = 8;
    float[] x = new float[shown * test.size()];
    for (int i = 0; i < shown; i++) {
      test.copyTo(x, i, i);
    }
    TensorData images = TensorData.ofFloats(x, shown, test.size());
    List<SpikeRecord> spikes = network.record(images);
    Path file =
        Report.write(
            options,
            epochs,
            spikes,
            network.classify(images),
            test,
            nacelle.memoryUse().peakBytes());
    System.out.println("report: " + file);
  }
}
